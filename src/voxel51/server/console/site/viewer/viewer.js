/** Looking at a video, with what jobs found in it. */

import { h } from "../core/dom.js";
import { rendition } from "../core/api.js";
import { loaded } from "../parts/load.js";

/**
 * A player of one video.
 *
 * @param {object} what `dataId` and `filename` of the video, `jobId` of the job whose labels are shown (null: none),
 *   `start` the frame to begin at (null: the one in the address, or the first)
 * @returns {Node}
 */
export function viewer({ dataId, filename }) {
  return h(
    "div.viewer",
    {},
    loaded(
      (signal) => rendition(`/data/${encodeURIComponent(dataId)}/renditions/playable`, {}, { signal }),
      (source) => h("video", { src: source, controls: true, playsinline: true, preload: "metadata", "aria-label": filename }),
    ),
  );
}
