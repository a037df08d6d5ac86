/**
 * A frame-accurate video player: each picture is passed on together with its frame number, derived from the picture's own
 * timestamp, so that labels are never drawn over another frame.
 *
 * A player has signals: `shown` (the frame that is visible), `aim` (the target of a seek; otherwise equal to `shown`),
 * `isPlaying`, `rate`, and `range` (the frames that are looped, or null).
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
  let wanted = null; // the frame that was requested and is not shown yet
  let seekingTo = null; // the frame to which the browser is seeking
  let isSecondTry = false;
  let isOver = false;

  /** Show the current picture of the video element with its frame number. */
  function present(mediaTime) {
    const picture = snapshot(video, mediaTime);
    if (!picture) return;
    try {
      const number = picture.seconds === undefined ? index.at(video.currentTime) : index.nearest(picture.seconds);
      if (restartLoop(number)) return;
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

  /** Seek to the start of the loop if its end has passed; returns whether it did. */
  function restartLoop(number) {
    const [first, last] = range.peek() ?? [1, Infinity];
    if (!isPlaying.peek() || wanted !== null || number <= last) return false;
    seek(first);
    return true;
  }

  function followFrames() {
    video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (isOver) return;
      present(mediaTime);
      followFrames();
    });
  }

  /** For browsers without `requestVideoFrameCallback`. */
  function followClock() {
    if (isOver) return;
    if (!video.seeking) present();
    requestAnimationFrame(followClock);
  }

  function seek(number) {
    wanted = index.clamped(number);
    aim.value = wanted;
    // One seek at a time: while the user drags, setting `currentTime` again and again would keep the browser from showing anything.
    if (seekingTo === null && video.readyState > HTMLMediaElement.HAVE_NOTHING) startSeek();
  }

  /** Seek to the wanted frame. A second try for the same frame uses its exact time. */
  function startSeek() {
    isSecondTry = seekingTo === wanted;
    seekingTo = wanted;
    video.currentTime = isSecondTry ? index.timeOf(wanted) : index.seekTimeOf(wanted);
  }

  /** A seek has ended: seek to what was requested meanwhile, or once more if the browser shows another frame. */
  function finishSeek() {
    present();
    const isDone = wanted === null || (wanted === seekingTo && (isSecondTry || !video.paused));
    if (!isDone) return startSeek();
    if (wanted !== null) aim.value = shown.peek();
    wanted = seekingTo = null;
    isSecondTry = false;
  }

  video.addEventListener("seeked", finishSeek);
  video.addEventListener("loadedmetadata", () => wanted !== null && startSeek());
  video.addEventListener("loadeddata", () => present());
  video.addEventListener("play", () => (isPlaying.value = true));
  for (const name of ["pause", "ended"]) {
    video.addEventListener(name, () => {
      isPlaying.value = !video.paused && !video.ended;
      present();
    });
  }
  // A browser that cannot keep up, for instance at four times the speed, ends without having shown the last frame.
  video.addEventListener("ended", () => {
    if (wanted === null && shown.peek() !== index.count) seek(index.count);
  });
  onEnd(() => {
    isOver = true;
    video.pause();
    video.removeAttribute("src"); // closes the connection
    video.load();
  });
  if (video.requestVideoFrameCallback) followFrames();
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
        if (error.name !== "AbortError") throw error; // paused before playback started
      }
    },
    pause: () => video.pause(),
    setRate(speed) {
      rate.value = speed;
      video.playbackRate = speed;
    },
  };
}
