/**
 * The viewer: a video, frame by frame, with what a job said about it; or a picture, which is a video of one frame.
 *
 * What is not labels (a redacted video, a zip, another JSON) is shown as it suits.
 */

import { h } from "../core/dom.js";
import { place } from "../core/router.js";
import { resource, failure } from "../parts/load.js";
import { textOf } from "../parts/notices.js";
import { progressBar } from "../parts/show.js";
import { signal, untracked } from "../core/reactive.js";
import { percent } from "../core/format.js";
import { NoLabels } from "./reading/read-labels.js";
import { fetchLabels, fetchPicture, fetchVideo } from "./reading/sources.js";
import { steadyIndex } from "./model/frame-index.js";
import { PICTURE, isLabelsFile, otherOutput } from "./output.js";
import { arrangement } from "./arrangement.js";

/**
 * @param {object} what
 * @param {string|null} what.dataId the video; null where it is gone, and the labels are shown without a picture
 * @param {string} what.filename of the video
 * @param {string|null} [what.jobId] whose output is shown with it; null: the video alone
 * @param {string} [what.outputName] the output's file name
 * @param {number|null} [what.start] the frame to begin at; without it the one in the address (`?frame=`), or the first
 * @returns {Node}
 */
export function viewer({ dataId, filename, jobId = null, outputName = "", start = null }) {
  if (jobId && !isLabelsFile(outputName)) return otherOutput(jobId, outputName);
  const progress = { video: signal(undefined), labels: signal(undefined) };
  const { state, reload } = resource((abort) => fetchAll({ dataId, filename, jobId }, abort, progress));
  const show = ({ value, error, isThere }) => {
    if (error) return failure(error, reload);
    if (!isThere) return preparing(dataId, jobId, progress);
    if (value.noLabels) return otherOutput(jobId, outputName, value.noLabels);
    const first = start ?? (Number(place.peek().query.get("frame")) || 1);
    return [withoutPicture(dataId, value), arrangement({ ...value, dataId: value.video ? dataId : null, filename, jobId, first })];
  };
  return h("div.viewer-holder", {}, () => {
    const now = state.value;
    return untracked(() => show(now)); // what is chosen in there changes parts of it, and never makes all of it anew
  });
}

/** The video and the labels; where the labels alone can be had, why. */
async function fetchAll({ dataId, filename, jobId }, abort, progress) {
  const coming = !dataId ? Promise.resolve(null) : PICTURE.test(filename) ? fetchPicture(dataId) : fetchVideo(dataId, { signal: abort, onProgress: (making) => (progress.video.value = making.fraction) });
  const tried = coming.then(
    (video) => ({ video }),
    (videoError) => ({ video: null, videoError }),
  );
  let labels = null;
  try {
    if (jobId) labels = await fetchLabels(jobId, { signal: abort, onProgress: (fraction) => (progress.labels.value = fraction) });
  } catch (error) {
    if (!(error instanceof NoLabels)) throw error;
    return { noLabels: error.message };
  }
  const { video, videoError } = await tried;
  if (videoError && (!labels || videoError.name === "AbortError")) throw videoError;
  return { video, videoError, labels, index: video?.index ?? indexOfLabels(labels) };
}

function indexOfLabels({ metadata, lastFrame }) {
  return steadyIndex(Math.max(lastFrame, metadata.total_frame_count || 1), metadata.frame_rate, metadata.frame_size);
}

function preparing(dataId, jobId, { video, labels }) {
  const line = (text, fraction) => h("p", {}, text, () => (fraction.value ? ` ${percent(fraction.value)}` : ""), () => progressBar(fraction.value ?? null, text));
  return h(
    "div.preparing",
    {},
    h("span.unseen", { role: "status" }, "The video is being prepared"),
    dataId && line("Preparing what is to be seen…", video),
    jobId && line("Reading the labels…", labels),
  );
}

function withoutPicture(dataId, { video, videoError }) {
  if (video) return null;
  const why = dataId ? `The video cannot be shown: ${textOf(videoError).replace(/\.?$/, ".")}` : "The video is gone: it was deleted, or it expired.";
  return h("p.warning", { role: "status" }, `${why} The labels are shown without it.`);
}
