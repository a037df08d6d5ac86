/** Queries on the differences of a comparison: by frame, and the next one. Nothing here uses the browser. */

/** Positions of the fields in a row of a differing box. */
const [FRAME, LABEL, OTHER, TRACK, LEFT] = [0, 1, 2, 3, 4];

/** A difference that is absent for at most so many frames is still the same one. */
const MOST_ABSENT = 10;

/** @param document `differences` of a comparison: lists of frames, and rows of boxes ordered by frame */
export function differencesOf({ frames, removed, added, changed, first_boxes: first, second_boxes: second, is_complete: isComplete }) {
  const rows = [first, second];
  const starts = startsOf(frames, rows);
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
    /** The frames in which a difference begins: where two results differ in every frame, these lead from one to the next. */
    starts,
    /** Return the next (`step` 1) or previous (-1) frame in which a difference begins; or null. */
    next: (frame, step) => beside(starts, frame, step),
    /** Return the frame with a difference that is nearest to `frame`. */
    nearest: (frame) => {
      const around = [beside(frames, frame + 1, -1), beside(frames, frame - 1, 1)].filter((each) => each !== null);
      return around.reduce((best, each) => (Math.abs(each - frame) < Math.abs(best - frame) ? each : best));
    },
    hasDifference: (frame) => frames[lowerBound(frames, frame)] === frame,
    /** Return the number of the difference that has begun last at a frame, from 1; 0 if nothing differs in it. */
    positionOf: (frame) => (frames[lowerBound(frames, frame)] === frame ? lowerBound(starts, frame + 1) : 0),
  };
}

/**
 * Return the frames in which a track, or a label without tracks, begins to differ. Frames whose boxes are not listed, because
 * there are too many, begin a difference where the frame before them has none.
 */
function startsOf(frames, rows) {
  const seen = new Map();
  const at = [0, 0];
  return frames.filter((frame, position) => {
    let isStart = false;
    let isListed = false;
    rows.forEach((boxes, side) => {
      for (; at[side] < boxes.length && boxes[at[side]][FRAME] <= frame; at[side] += 1) {
        const row = boxes[at[side]];
        if (row[FRAME] < frame) continue;
        const key = JSON.stringify([side, row[LABEL], row[OTHER], row[TRACK]]);
        isListed = true;
        isStart ||= !(frame - seen.get(key) <= MOST_ABSENT + 1);
        seen.set(key, frame);
      }
    });
    return isListed ? isStart : frames[position - 1] !== frame - 1;
  });
}

/** Return the value after (`step` 1) or before (-1) `from` in ascending `values`; or null. */
function beside(values, from, step) {
  const at = lowerBound(values, step > 0 ? from + 1 : from);
  return (step > 0 ? values[at] : values[at - 1]) ?? null;
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
