/** Numbers, sizes and times as people read them, in the browser's language. */

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

/** A count: `12,345`. */
export const count = (number) => whole.format(number);

/** A share of 1: `42%`. */
export const percent = (fraction) => percentage.format(fraction);

/** Bytes in the unit that suits: `1.2 MB`, in powers of 1000. Empty where there are none to tell of. */
export function size(bytes) {
  if (bytes === null || bytes === undefined || bytes < 0) return "";
  let power = 0;
  while (power < UNITS.length - 1 && bytes / 1000 ** power >= (power ? 999.95 : 1000)) power += 1;
  const format = new Intl.NumberFormat(undefined, { style: "unit", unit: UNITS[power], maximumFractionDigits: power ? 1 : 0 });
  return format.format(bytes / 1000 ** power);
}

/** Seconds as `2:05` or `1:02:05`. */
export function clock(seconds) {
  const all = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Seconds in words: `45 s`, `3 min`, `2 h 5 min`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A date of the API (ISO 8601) with its time. */
export const dateTime = (text) => (text ? moment.format(new Date(text)) : "");

/** A date of the API without its time. */
export const date = (text) => (text ? day.format(new Date(text)) : "");

/** How long ago, or in how long: `5 min ago`. */
export function ago(text, now = Date.now()) {
  if (!text) return "";
  const seconds = (new Date(text).getTime() - now) / 1000;
  for (const [unit, length] of STEPS) {
    // What is past is told by whole units, what is to come by the nearest: a moment after "in 7 days" it is still that.
    if (Math.abs(seconds) >= length) return relative.format(seconds < 0 ? Math.trunc(seconds / length) : Math.round(seconds / length), unit);
  }
  return relative.format(0, "second");
}
