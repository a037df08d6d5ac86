/** A player without a video, driven by the clock, for labels whose video was deleted. Same interface as `videoPlayer`. */

import { onEnd, signal } from "../../core/reactive.js";

export function clockPlayer(index, show) {
  const shown = signal(0);
  const isPlaying = signal(false);
  const rate = signal(1);
  const range = signal(null);
  let seconds = 0;
  let before = null;
  let timer = null;

  function seek(number) {
    seconds = index.seekTimeOf(number);
    present(index.clamped(number));
  }

  function present(number) {
    if (number === shown.peek()) return;
    show(number, null);
    shown.value = number;
  }

  function tick(now) {
    seconds += (before === null ? 0 : (now - before) / 1000) * rate.peek();
    before = now;
    const [first, last] = range.peek() ?? [1, index.count];
    if (index.at(seconds) > last || seconds >= index.duration) {
      if (!range.peek()) return pause();
      seconds = index.timeOf(first);
    }
    present(index.at(seconds));
    timer = requestAnimationFrame(tick);
  }

  function pause() {
    cancelAnimationFrame(timer);
    before = null;
    isPlaying.value = false;
  }

  onEnd(pause);
  return {
    shown,
    aim: shown,
    isPlaying,
    rate,
    range,
    seek,
    async play() {
      if (isPlaying.peek()) return;
      const [first, last] = range.peek() ?? [1, index.count];
      if (shown.peek() >= last || shown.peek() < first) seek(first);
      isPlaying.value = true;
      timer = requestAnimationFrame(tick);
    },
    pause,
    setRate: (speed) => (rate.value = speed),
  };
}
