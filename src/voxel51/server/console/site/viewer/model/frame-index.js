/** Frame index of a video: from frame numbers (counted from 1) to times and back. */

const TICKS_PER_SECOND = 90_000; // the time base of playable renditions
const DEFAULT_RATE = 25;
const AFTER_START_SECONDS = 0.001;

/**
 * @param {{times: number[], duration?: number, frame_rate?: number, width?: number, height?: number}} document of the
 *   rendition `index`
 */
export function frameIndex({ times, duration, frame_rate: rate, width, height }) {
  const starts = asPlayable(times);
  const count = starts.length;
  const mean = count > 1 ? (starts[count - 1] - starts[0]) / (count - 1) : 1 / (rate || DEFAULT_RATE);
  const end = Math.max(duration ?? 0, (starts[count - 1] ?? 0) + Math.min(mean, 1) / 2);
  const clamped = (number) => Math.min(count, Math.max(1, Math.round(number)));
  const endOf = (number) => (number < count ? starts[number] : end);

  return {
    count,
    width,
    height,
    duration: end,
    rate: rate || (mean > 0 ? 1 / mean : DEFAULT_RATE),
    clamped,
    /** Return the time in seconds at which a frame appears. */
    timeOf: (number) => starts[clamped(number) - 1],
    /**
     * Return the time to seek to for a frame: slightly after it appears, so that rounding cannot select the previous one.
     * Not the middle: Chromium trusts the durations in the file, which are in decoding order, and may show the next frame.
     */
    seekTimeOf(number) {
      const start = starts[clamped(number) - 1];
      return start + Math.min((endOf(clamped(number)) - start) / 2, AFTER_START_SECONDS);
    },
    /** Return the frame that is shown at `seconds`. */
    at: (seconds) => Math.max(1, firstAfter(starts, seconds)),
    /** Return the frame whose timestamp is nearest to `seconds`, for timestamps of decoded frames. */
    nearest(seconds) {
      const after = firstAfter(starts, seconds);
      if (after === 0) return 1;
      if (after === count) return count;
      return seconds - starts[after - 1] <= starts[after] - seconds ? after : after + 1;
    },
  };
}

/** Return an index with frames of equal length, for labels without a video. */
export function steadyIndex(count, rate, size) {
  const steady = rate > 0 ? rate : DEFAULT_RATE;
  const times = Array.from({ length: Math.max(1, count) }, (_, position) => position / steady);
  return frameIndex({ times, duration: times.length / steady, frame_rate: steady, width: size?.[0], height: size?.[1] });
}

/** Return the times of the playable rendition: whole ticks, each frame at least one tick after the previous one. */
function asPlayable(times) {
  const starts = new Float64Array(times.length);
  let last = -1;
  times.forEach((seconds, position) => {
    last = Math.max(last + 1, Math.round(seconds * TICKS_PER_SECOND));
    starts[position] = last / TICKS_PER_SECOND;
  });
  return starts;
}

/** Return how many of the ascending `starts` are not after `seconds`. */
function firstAfter(starts, seconds) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
