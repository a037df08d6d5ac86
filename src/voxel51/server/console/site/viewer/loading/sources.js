/** Requests of the viewer: video, frame index, image, labels. */

import { address, rendition, renditionResponse } from "../../core/api.js";
import { frameIndex, steadyIndex } from "../model/frame-index.js";
import { readLabels } from "./read-labels.js";

/** Fetch the playable rendition of a video and its frame index; the platform makes both at the first request. */
export async function fetchVideo(dataId, { signal, onProgress }) {
  const path = `/data/${encodeURIComponent(dataId)}/renditions`;
  const [playable, times] = await Promise.all([
    rendition(`${path}/playable`, {}, { signal, onProgress }),
    renditionResponse(`${path}/index`, {}, { signal }).then((response) => response.json()),
  ]);
  return { address: playable, index: frameIndex(times) };
}

/** Fetch an image, as a video of one frame. */
export async function fetchPicture(dataId) {
  const image = new Image();
  image.src = address(`/data/${encodeURIComponent(dataId)}/download`);
  try {
    await image.decode();
  } catch {
    throw new Error("the image could not be decoded");
  }
  return { image, index: steadyIndex(1, 1, [image.naturalWidth, image.naturalHeight]) };
}

export const outputPath = (jobId) => `/jobs/${encodeURIComponent(jobId)}/output`;

export const fetchLabels = (jobId, options) => readLabels(outputPath(jobId), options);
