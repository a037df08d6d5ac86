/** Colours of tracks and labels: distinct, readable on any picture, and always the same for the same number. */

const GOLDEN = 0.61803398875;
const known = new Map();

/** Return the colour of a track or label by its number. Steps of the golden ratio put consecutive hues far apart. */
export function colourOf(number) {
  let found = known.get(number);
  if (!found) {
    // In OKLCH, equal lightness looks equally light at every hue: dark text is readable on all of them.
    found = `oklch(0.8 0.17 ${((0.33 + number * GOLDEN) % 1) * 360})`;
    known.set(number, found);
  }
  return found;
}

/** The colour of text on all of these colours. */
export const INK = "#10131a";
