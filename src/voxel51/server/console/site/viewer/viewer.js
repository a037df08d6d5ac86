/** Looking at a video, with what jobs found in it. */

import { h } from "../core/dom.js";
import { rendition } from "../core/api.js";
import { signal } from "../core/reactive.js";
import { loaded } from "../parts/load.js";
import { progressBar } from "../parts/show.js";

/**
 * A player of one video.
 *
 * @param {object} what `dataId` and `filename` of the video, `jobId` of the job whose labels are shown (null: none),
 *   `start` in seconds
 * @returns {Node}
 */
export function viewer({ dataId, filename, start = 0 }) {
  const made = signal(null);
  const path = `/data/${encodeURIComponent(dataId)}/renditions/playable`;
  const making = () => h("div.making", {}, h("p", {}, "Making the video playable…"), progressBar(() => made.value, "How far it is"));
  return h(
    "div.viewer",
    {},
    loaded(
      (signal) => rendition(path, {}, { signal, onProgress: ({ fraction }) => (made.value = fraction) }),
      (source) => h("video", { src: `${source}#t=${start}`, controls: true, playsinline: true, preload: "metadata", "aria-label": filename }),
      making,
    ),
  );
}
