/** Colours that tell things apart on any picture: the same for a thing in every frame and every visit. */

const GOLDEN = 0.61803398875;
const known = new Map();

/** The colour of a label. */
export const colourOfLabel = (name) => colour([...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7));

/** The colour of a track, by its number; neighbours are far apart on the circle of colours. */
export const colourOfTrack = (number) => colour(number);

/** What can be read on all of these colours. */
export const INK = "#10131a";

/** Light enough for dark letters, whatever the hue. */
function colour(number) {
  let found = known.get(number);
  if (!found) {
    found = `oklch(0.8 0.17 ${((0.33 + number * GOLDEN) % 1) * 360})`;
    known.set(number, found);
  }
  return found;
}
