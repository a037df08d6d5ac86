/** Frame ranges `[first, last]`, both ends included. */

/** Parse the ranges of a support: `1-3,6` or a list of pairs. Invalid ones are left out. */
export function rangesOf(support) {
  const given = support?.ranges ?? [];
  const pairs = typeof given === "string" ? given.split(",").map((text) => text.split("-").map(Number)) : given;
  return pairs.map(([first, last = first]) => [first, last]).filter(([first, last]) => first >= 1 && last >= first);
}

/** Join ascending frame numbers to ranges; frames up to `gap` apart belong to the same range. */
export function toRanges(numbers, gap = 1) {
  const ranges = [];
  for (const number of numbers) {
    const open = ranges.at(-1);
    if (open && number - open[1] <= gap) open[1] = Math.max(open[1], number);
    else ranges.push([number, number]);
  }
  return ranges;
}

export const contains = (ranges, number) => ranges.some(([first, last]) => first <= number && number <= last);
