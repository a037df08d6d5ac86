/** Queries on the differences of a comparison: by frame, and the next one. Nothing here uses the browser. */

/** Positions of the fields in a row of a differing box. */
const [FRAME, LABEL, OTHER, TRACK, LEFT] = [0, 1, 2, 3, 4];

/** @param document `differences` of a comparison: lists of frames, and rows of boxes ordered by frame */
export function differencesOf({ frames, removed, added, changed, first_boxes: first, second_boxes: second, is_complete: isComplete }) {
  const rows = [first, second];
  return {
    frames,
    removed,
    added,
    changed,
    isComplete,
    /** Return the differing boxes of side 0 or 1 in a frame. */
    boxesIn: (side, frame) => {
      const found = [];
      for (let at = firstAt(rows[side], frame); at < rows[side].length && rows[side][at][FRAME] === frame; at += 1) found.push(boxOf(rows[side][at], side));
      return found;
    },
    /** Return the next (`step` 1) or previous (-1) frame with a difference; null if no other frame differs. */
    next: (frame, step) => {
      const at = lowerBound(frames, step > 0 ? frame + 1 : frame);
      return (step > 0 ? frames[at] : frames[at - 1]) ?? null;
    },
    /** Return the position of a frame among those with differences, from 1; 0 if it has none. */
    positionOf: (frame) => {
      const at = lowerBound(frames, frame);
      return frames[at] === frame ? at + 1 : 0;
    },
  };
}

/** Kinds: `removed` boxes are in the first set only, `added` in the second only, `changed` have another label there. */
function boxOf(row, side) {
  return { kind: row[OTHER] === null ? (side ? "added" : "removed") : "changed", label: row[LABEL], other: row[OTHER], track: row[TRACK], edges: row.slice(LEFT) };
}

const firstAt = (rows, frame) => lowerBound(rows, frame, (row) => row[FRAME]);

/** Return the first position whose value is not below `wanted`, in ascending `values`. */
function lowerBound(values, wanted, valueOf = (value) => value) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueOf(values[middle]) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
