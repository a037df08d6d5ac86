/** Transfer speed, averaged over the last seconds. */

const WINDOW_MILLISECONDS = 8000;

/** `note(total)` records how many bytes were transferred so far; `speed()` returns bytes per second, null while unknown. */
export function transferSpeed(now = () => performance.now()) {
  let samples = [];
  return {
    note(total) {
      const time = now();
      samples = [...samples.filter((sample) => time - sample.time < WINDOW_MILLISECONDS), { time, total }];
    },
    speed() {
      const [first, last] = [samples[0], samples.at(-1)];
      return samples.length > 1 && last.time > first.time ? ((last.total - first.total) * 1000) / (last.time - first.time) : null;
    },
    reset() {
      samples = [];
    },
  };
}
