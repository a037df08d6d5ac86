/** How fast bytes move, told from the last few seconds. */

const WINDOW_MILLISECONDS = 8000;

/** `note(total)` tells how many bytes have moved so far; `speed()` is bytes a second, null while that is not known. */
export function meter(now = () => performance.now()) {
  let marks = [];
  return {
    note(total) {
      const time = now();
      marks = [...marks.filter((mark) => time - mark.time < WINDOW_MILLISECONDS), { time, total }];
    },
    speed() {
      const [first, last] = [marks[0], marks.at(-1)];
      return marks.length > 1 && last.time > first.time ? ((last.total - first.total) * 1000) / (last.time - first.time) : null;
    },
    forget() {
      marks = [];
    },
  };
}
