/**
 * Plays a video frame by frame: every picture is handed over together with its number, as a frame's own time tells it, so
 * nothing drawn with it can belong to another frame.
 *
 * A player has `shown` (the frame that is seen), `aim` (where a seek is going; otherwise the same), `isPlaying`, and
 * `rate`; `range` is the part that is played over and over, or null.
 */

import { onEnd, signal } from "../../core/reactive.js";
import { snapshot } from "./snapshot.js";

/**
 * @param {HTMLVideoElement} video of the playable rendition
 * @param index of `frameIndex`
 * @param {(number: number, source: CanvasImageSource) => void} show
 */
export function videoPlayer(video, index, show) {
  const shown = signal(0);
  const aim = signal(1);
  const isPlaying = signal(false);
  const rate = signal(1);
  const range = signal(null);
  let wanted = null; // the frame that was asked for and is not there yet
  let isAgain = false;
  let isOver = false;
  let goingTo = null; // the frame to which the browser seeks at present

  function look(told) {
    const picture = snapshot(video, told);
    if (!picture) return;
    try {
      const number = index.nearest(picture.seconds);
      if (turnBack(number)) return;
      show(number, picture.source);
      shown.value = number;
      if (wanted === null || wanted === number) {
        wanted = null;
        aim.value = number;
      }
    } finally {
      picture.close();
    }
  }

  /** Whether the end of the range is past, so that it goes on at its beginning. */
  function turnBack(number) {
    const [first, last] = range.peek() ?? [1, Infinity];
    if (!isPlaying.peek() || wanted !== null || number <= last) return false;
    seek(first);
    return true;
  }

  function follow() {
    video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (isOver) return;
      look(mediaTime);
      follow();
    });
  }

  /** For browsers that do not tell when they show a picture. */
  function followClock() {
    if (isOver) return;
    if (!video.seeking) look();
    requestAnimationFrame(followClock);
  }

  function seek(number) {
    wanted = index.clamped(number);
    aim.value = wanted;
    if (goingTo === null) goOn();
  }

  function goOn() {
    isAgain = goingTo === wanted;
    goingTo = wanted;
    video.currentTime = isAgain ? index.timeOf(wanted) : index.seekTimeOf(wanted);
  }

  /** A seek is over: on to what was asked for meanwhile, or once more where another frame came. */
  function arrive() {
    look();
    const isThere = wanted === null || (wanted === goingTo && (isAgain || !video.paused));
    if (!isThere) return goOn();
    if (wanted !== null) aim.value = shown.peek();
    wanted = goingTo = null;
    isAgain = false;
  }

  video.addEventListener("seeked", arrive);
  video.addEventListener("loadeddata", () => look());
  video.addEventListener("play", () => (isPlaying.value = true));
  for (const name of ["pause", "ended"]) {
    video.addEventListener(name, () => {
      isPlaying.value = !video.paused && !video.ended;
      look();
    });
  }
  onEnd(() => {
    isOver = true;
    video.pause();
    video.removeAttribute("src"); // lets go of the connection
    video.load();
  });
  if (video.requestVideoFrameCallback) follow();
  else followClock();

  return {
    shown,
    aim,
    isPlaying,
    rate,
    range,
    seek,
    async play() {
      const [first, last] = range.peek() ?? [1, index.count];
      if (aim.peek() >= last || aim.peek() < first) seek(first);
      try {
        await video.play();
      } catch (error) {
        if (error.name !== "AbortError") throw error; // paused before it began
      }
    },
    pause: () => video.pause(),
    setRate(speed) {
      rate.value = speed;
      video.playbackRate = speed;
    },
  };
}
