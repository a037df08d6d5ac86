/** Filters of boxes, and searches for boxes in time and space. */

/**
 * @param {{hidden: Set<number>, threshold: number}} choice hidden labels, and the minimum confidence; boxes without a
 *   confidence (NaN) always pass
 * @returns {(id: number) => boolean}
 */
export function boxFilter({ boxes }, { hidden, threshold }) {
  return (id) => !hidden.has(boxes.label[id]) && !(boxes.confidence[id] < threshold);
}

/**
 * Return the nearest frame after (`step` 1) or before (-1) `frame` with a box that `isShown`, or null. With `track`, only
 * boxes of that track count. Boxes are sorted by frame, so a binary search finds where to start.
 */
export function frameWithBoxes(labels, frame, step, isShown, track = null) {
  const { frame: frames } = labels.boxes;
  const ids = track === null ? null : labels.boxesOfTrack(track);
  const length = ids ? ids.length : labels.boxCount;
  const idAt = (position) => (ids ? ids[position] : position);
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (step > 0 ? frames[idAt(middle)] <= frame : frames[idAt(middle)] < frame) low = middle + 1;
    else high = middle;
  }
  for (let position = step > 0 ? low : low - 1; position >= 0 && position < length; position += step) {
    if (isShown(idAt(position))) return frames[idAt(position)];
  }
  return null;
}

/** Return the shown box of `frame` at a position (0 to 1 each), the smallest of several, or null. */
export function boxAt(labels, frame, x, y, isShown) {
  const [from, to] = labels.boxesIn(frame);
  let best = null;
  let least = Infinity;
  for (let id = from; id < to; id += 1) {
    const [left, top, right, bottom] = labels.edgesOf(id);
    const area = (right - left) * (bottom - top);
    if (x >= left && x <= right && y >= top && y <= bottom && area < least && isShown(id)) [best, least] = [id, area];
  }
  return best;
}
