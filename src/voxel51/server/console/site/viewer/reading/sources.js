/** What a viewer needs from the platform. */

import { get, rendition } from "../../core/api.js";
import { frameIndex } from "../model/frame-index.js";
import { readLabels } from "./read-labels.js";

/** A video that browsers play, and when each of its frames is shown; both are made where nobody asked before. */
export async function fetchVideo(dataId, { signal, onProgress }) {
  const path = `/data/${encodeURIComponent(dataId)}/renditions`;
  const [playable, times] = await Promise.all([
    rendition(`${path}/playable`, {}, { signal, onProgress }),
    rendition(`${path}/index`, {}, { signal }).then(() => get(`${path}/index`, {}, { signal })),
  ]);
  return { address: playable, index: frameIndex(times) };
}

export const outputPath = (jobId) => `/jobs/${encodeURIComponent(jobId)}/output`;

export const fetchLabels = (jobId, options) => readLabels(outputPath(jobId), options);
