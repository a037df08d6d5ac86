/** When each frame is shown, and which frame is shown when. Frames are counted from 1. */

const TICKS_PER_SECOND = 90_000; // the clock of playable videos
const USUAL_RATE = 25;
const AFTER_START_SECONDS = 0.001;

/**
 * @param {{times: number[], duration?: number, frame_rate?: number, width?: number, height?: number}} document as the
 *   rendition `index` has it
 */
export function frameIndex({ times, duration, frame_rate: rate, width, height }) {
  const starts = asPlayable(times);
  const count = starts.length;
  const mean = count > 1 ? (starts[count - 1] - starts[0]) / (count - 1) : 1 / (rate || USUAL_RATE);
  const end = Math.max(duration ?? 0, (starts[count - 1] ?? 0) + Math.min(mean, 1) / 2);
  const clamped = (number) => Math.min(count, Math.max(1, Math.round(number)));
  const endOf = (number) => (number < count ? starts[number] : end);

  return {
    count,
    width,
    height,
    duration: end,
    rate: rate || (mean > 0 ? 1 / mean : USUAL_RATE),
    clamped,
    /** Seconds at which a frame appears. */
    timeOf: (number) => starts[clamped(number) - 1],
    /**
     * Where to seek for a frame: a little after it appears, so that rounding cannot miss it. Not later, since Chromium
     * believes the durations in the file, which stand in the order of decoding, and goes on to the next frame after them.
     */
    seekTimeOf(number) {
      const start = starts[clamped(number) - 1];
      return start + Math.min((endOf(clamped(number)) - start) / 2, AFTER_START_SECONDS);
    },
    /** The frame that is shown at `seconds`. */
    at: (seconds) => Math.max(1, firstAfter(starts, seconds)),
    /** The frame whose own time is nearest to `seconds`, for times that decoders tell. */
    nearest(seconds) {
      const after = firstAfter(starts, seconds);
      if (after === 0) return 1;
      if (after === count) return count;
      return seconds - starts[after - 1] <= starts[after] - seconds ? after : after + 1;
    },
  };
}

/** An index for labels without a video: frames that last equally long. */
export function steadyIndex(count, rate, size) {
  const steady = rate > 0 ? rate : USUAL_RATE;
  const times = Array.from({ length: Math.max(1, count) }, (_, position) => position / steady);
  return frameIndex({ times, duration: times.length / steady, frame_rate: steady, width: size?.[0], height: size?.[1] });
}

/** Times as the playable video has them: whole ticks, each frame after the one before it. */
function asPlayable(times) {
  const starts = new Float64Array(times.length);
  let last = -1;
  times.forEach((seconds, position) => {
    last = Math.max(last + 1, Math.round(seconds * TICKS_PER_SECOND));
    starts[position] = last / TICKS_PER_SECOND;
  });
  return starts;
}

/** How many of the rising `starts` are not after `seconds`. */
function firstAfter(starts, seconds) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
