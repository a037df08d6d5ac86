/** The scale of a timeline: the visible range of frames, and conversion between frames and positions. */

import { signal } from "../../core/reactive.js";

const MIN_FRAMES = 8;

/** @param {number} count of all frames; frame n extends from n to n + 1 */
export function timeScale(count) {
  const part = signal([1, count + 1]);
  const set = (from, length) => {
    const long = Math.min(count, Math.max(Math.min(MIN_FRAMES, count), length));
    const start = Math.min(Math.max(1, from), count + 1 - long);
    part.value = [start, start + long];
  };
  return {
    /** A signal of the visible range `[from, to]`, in frames and fractions of frames. */
    part,
    shareOf: (frame) => (frame - part.value[0]) / (part.value[1] - part.value[0]),
    frameAt: (share) => Math.min(count, Math.max(1, Math.floor(part.value[0] + share * (part.value[1] - part.value[0])))),
    /** Zoom in by `factor` around a frame, which keeps its position; 0 fits the whole timeline. */
    zoom(factor, around) {
      if (factor === 0) return set(1, count);
      const [from, to] = part.peek();
      const kept = Math.min(to, Math.max(from, around));
      set(kept - (kept - from) / factor, (to - from) / factor);
    },
    pan(share) {
      const [from, to] = part.peek();
      set(from + share * (to - from), to - from);
    },
    /** Make `frame` visible, by moving on by a page if it is not. */
    follow(frame) {
      const [from, to] = part.peek();
      if (frame < from || frame >= to) set(frame < from ? frame - (to - from) * 0.9 : frame - (to - from) * 0.1, to - from);
    },
  };
}

/** Return a round step for marks, so that about `most` of them fit into `length`. */
export function niceStep(length, most) {
  const least = Math.max(1, length / most);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= least);
}
