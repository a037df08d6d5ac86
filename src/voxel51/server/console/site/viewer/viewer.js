/** The viewer of results. */

import { h } from "../core/dom.js";

/** Look at the data `dataId` with the labels of the job `jobId`, beginning at the frame `start`. */
export function viewer({ dataId, filename, jobId, outputName, start }) {
  return h("p", { "data-viewer": dataId }, `${outputName} of job ${jobId} on ${filename}, from frame ${start ?? 1}`);
}
