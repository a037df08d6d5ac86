/** Crops: the part of a picture that shows a box, with a margin. */

/** Return the size of a picture in pixels. */
export const sizeOf = (source) => [source.displayWidth ?? source.videoWidth ?? source.naturalWidth, source.displayHeight ?? source.videoHeight ?? source.naturalHeight];

/**
 * Return the part of a picture around a box, in pixels. It lies within the picture, and its aspect within the limits where the
 * picture has room for it.
 *
 * @param {[number, number, number, number]} edges of the box: left, top, right, bottom, relative to the picture
 * @param {[number, number]} size of the picture
 * @param {{least: number, most: number, margin?: number, smallest?: number}} limits of the aspect; the size with its margin, as a factor; and the
 *   smallest height
 * @returns {{x, y, width, height}}
 */
export function partAround([left, top, right, bottom], [wide, high], { least, most, margin = 1.2, smallest = 16 }) {
  let width = Math.min(wide, Math.max(16, (right - left) * wide * margin));
  let height = Math.min(high, Math.max(smallest, (bottom - top) * high * margin));
  width = Math.max(width, height * least);
  height = Math.max(height, width / most);
  [width, height] = [Math.min(width, wide), Math.min(height, high)];
  const x = Math.min(Math.max(0, ((left + right) / 2) * wide - width / 2), wide - width);
  const y = Math.min(Math.max(0, ((top + bottom) / 2) * high - height / 2), high - height);
  return { x, y, width, height };
}
