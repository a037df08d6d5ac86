/** Colours that tell things apart on any picture: the same for a thing in every frame and every visit. */

const GOLDEN = 0.61803398875;
const known = new Map();

/** The colour of a thing by its number, of a track or of a label; neighbours are far apart on the circle of colours. */
export function colourOf(number) {
  let found = known.get(number);
  if (!found) {
    // Light enough for dark letters, whatever the hue.
    found = `oklch(0.8 0.17 ${((0.33 + number * GOLDEN) % 1) * 360})`;
    known.set(number, found);
  }
  return found;
}

/** What can be read on all of these colours. */
export const INK = "#10131a";
