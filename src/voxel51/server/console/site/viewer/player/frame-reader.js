/** Reads single frames of a video by their numbers, with a video element of its own, so that the player is not disturbed. */

import { snapshot } from "./snapshot.js";

const SEEK_MILLISECONDS = 10_000;

/**
 * @param {string} address of the playable rendition
 * @param index of `frameIndex`
 * @returns {{read: (number: number, use: (source: CanvasImageSource) => void) => Promise<void>, close: () => void}} `read` calls
 *   `use` with the picture of the frame; one call at a time
 */
export function frameReader(address, index) {
  const video = document.createElement("video");
  Object.assign(video, { src: address, preload: "auto", muted: true, playsInline: true });
  const ready = once(video, "loadeddata");
  ready.catch(() => {}); // reported by the first `read`

  async function read(number, use) {
    await ready;
    for (const seconds of [index.seekTimeOf(number), index.timeOf(number)]) {
      const seeked = once(video, "seeked");
      video.currentTime = seconds;
      await seeked;
      const picture = snapshot(video);
      if (!picture) continue;
      try {
        if (picture.seconds !== undefined && index.nearest(picture.seconds) !== number) continue;
        return use(picture.source);
      } finally {
        picture.close();
      }
    }
  }

  return {
    read,
    close() {
      video.removeAttribute("src"); // closes the connection
      video.load();
    },
  };
}

/** Resolve at the next event `name` of a video; reject if the video fails or nothing comes. */
function once(video, name) {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const settle = (run) => () => {
      clearTimeout(timer);
      abort.abort();
      run();
    };
    const timer = setTimeout(settle(() => reject(new Error("the video does not answer"))), SEEK_MILLISECONDS);
    video.addEventListener(name, settle(resolve), { signal: abort.signal });
    video.addEventListener("error", settle(() => reject(new Error("the video cannot be read"))), { signal: abort.signal });
  });
}
