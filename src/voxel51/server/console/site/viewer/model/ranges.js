/** Ranges of frames, `[first, last]`, both ends included. */

/** The ranges of a support: `1-3,6` or a list of pairs. What is no range is left out. */
export function rangesOf(support) {
  const given = support?.ranges ?? [];
  const pairs = typeof given === "string" ? given.split(",").map((text) => text.split("-").map(Number)) : given;
  return pairs.map(([first, last = first]) => [first, last]).filter(([first, last]) => first >= 1 && last >= first);
}

/** Rising frame numbers joined to ranges; gaps of up to `gap` frames do not part them. */
export function joined(numbers, gap = 1) {
  const ranges = [];
  for (const number of numbers) {
    const open = ranges.at(-1);
    if (open && number - open[1] <= gap) open[1] = Math.max(open[1], number);
    else ranges.push([number, number]);
  }
  return ranges;
}

export const contains = (ranges, number) => ranges.some(([first, last]) => first <= number && number <= last);
