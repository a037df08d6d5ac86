/** Formats of numbers, sizes and times, in the browser's language. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
const whole = new Intl.NumberFormat();
const percentage = new Intl.NumberFormat(undefined, { style: "percent" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "narrow" });
const STEPS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** Format a count: `12,345`. */
export const count = (number) => whole.format(number);

/** Format a count that may be too low, because the platform stopped counting there: `10,000+`. */
export const countOrMore = (number, isExact) => (isExact ? count(number) : `${count(number - 1)}+`);

/** Format a fraction of 1: `42%`. */
export const percent = (fraction) => percentage.format(fraction);

/** Format bytes with a decimal unit: `1.2 MB` (powers of 1000). Empty if the size is not known. */
export function size(bytes) {
  if (bytes === null || bytes === undefined || bytes < 0) return "";
  let power = 0;
  while (power < UNITS.length - 1 && bytes / 1000 ** power >= (power ? 999.95 : 1000)) power += 1;
  const format = new Intl.NumberFormat(undefined, { style: "unit", unit: UNITS[power], maximumFractionDigits: power ? 1 : 0 });
  return format.format(bytes / 1000 ** power);
}

/** Format seconds as `2:05` or `1:02:05`. */
export function clock(seconds) {
  const all = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Format seconds with units: `45 s`, `3 min`, `2 h 5 min`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Format a date of the API (ISO 8601) with its time. */
export const dateTime = (text) => (text ? moment.format(new Date(text)) : "");

/** Format a date of the API without its time. */
export const date = (text) => (text ? day.format(new Date(text)) : "");

/** Format a date relative to now: `5 min ago`, `in 3 days`. */
export function ago(text, now = Date.now()) {
  if (!text) return "";
  const seconds = (new Date(text).getTime() - now) / 1000;
  for (const [unit, length] of STEPS) {
    // Truncate the past, but round the future: a moment after "in 7 days" it must not say "in 6 days".
    if (Math.abs(seconds) >= length) return relative.format(seconds < 0 ? Math.trunc(seconds / length) : Math.round(seconds / length), unit);
  }
  return relative.format(0, "second");
}
