/**
 * The viewer: a video, frame by frame, with the labels of a job; or an image, which is treated as a video of one frame.
 *
 * Outputs that are not labels (a redacted video, a zip, other JSON) get a preview instead.
 */

import { h } from "../core/dom.js";
import { route } from "../core/router.js";
import { resource, loadError } from "../parts/load.js";
import { errorText } from "../parts/notices.js";
import { poster } from "../parts/poster.js";
import { progressBar } from "../parts/elements.js";
import { signal, untracked } from "../core/reactive.js";
import { percent } from "../core/format.js";
import { NotLabels } from "./loading/read-labels.js";
import { fetchLabels, fetchPicture, fetchVideo } from "./loading/sources.js";
import { steadyIndex } from "./model/frame-index.js";
import { PICTURE, isLabelsFile, outputPreview } from "./output-preview.js";
import { viewerLayout } from "./viewer-layout.js";

/**
 * @param {object} options
 * @param {string|null} options.dataId the video; null if it was deleted, so that the labels are shown without a picture
 * @param {string} options.filename of the video
 * @param {string|null} [options.jobId] the job whose output is shown; null for the video alone
 * @param {string} [options.outputName] the file name of the output
 * @param {{value}|null} [options.partial] a signal of the labels that the job has found so far, in place of its output
 * @param {number|null} [options.start] the first frame to show; by default the one in the URL (`?frame=`), or the first in which
 *   something was found
 * @returns {Node}
 */
export function viewer({ dataId, filename, jobId = null, outputName = "", partial = null, start = null }) {
  if (jobId && !partial && !isLabelsFile(outputName)) return outputPreview(jobId, outputName, { dataId: PICTURE.test(filename) ? null : dataId });
  const progress = { video: signal(undefined), labels: signal(undefined) };
  const { state, reload } = resource((abort) => fetchAll({ dataId, filename, jobId, partial }, abort, progress));
  const show = ({ value, error, isThere }) => {
    if (error) return loadError(error, reload);
    if (!isThere) return preparing(dataId, filename, jobId, progress);
    if (value.noLabels) return outputPreview(jobId, outputName, { reason: value.noLabels });
    const first = start ?? (Number(route.peek().query.get("frame")) || value.labels.peek()?.firstFound || 1);
    return [withoutPicture(dataId, value), viewerLayout({ ...value, isPartial: Boolean(partial), dataId: value.video ? dataId : null, filename, jobId, first })];
  };
  return h("div.viewer-holder", {}, () => {
    const now = state.value;
    return untracked(() => show(now)); // signals that the parts read must not make the whole viewer again
  });
}

/** Fetch the video and the labels at the same time. If only the video fails, return its error with the labels. */
async function fetchAll({ dataId, filename, jobId, partial }, abort, progress) {
  const fetching = !dataId ? Promise.resolve(null) : PICTURE.test(filename) ? fetchPicture(dataId) : fetchVideo(dataId, { signal: abort, onProgress: ({ fraction }) => (progress.video.value = fraction) });
  const settled = fetching.then(
    (video) => ({ video }),
    (videoError) => ({ video: null, videoError }),
  );
  let labels = partial?.peek() ?? null;
  try {
    if (jobId && !partial) labels = await fetchLabels(jobId, { signal: abort, onProgress: (fraction) => (progress.labels.value = fraction) });
  } catch (error) {
    if (!(error instanceof NotLabels)) throw error;
    return { noLabels: error.message };
  }
  const { video, videoError } = await settled;
  if (videoError && (!labels || videoError.name === "AbortError")) throw videoError;
  return { video, videoError, labels: partial ?? signal(labels), index: video?.index ?? indexOfLabels(labels) };
}

function indexOfLabels({ metadata, lastFrame }) {
  return steadyIndex(Math.max(lastFrame, metadata.total_frame_count || 1), metadata.frame_rate, metadata.frame_size);
}

/** The poster of the video, and how far the video and the labels are. */
function preparing(dataId, filename, jobId, { video, labels }) {
  const line = (text, fraction) => h("p", {}, text, () => (fraction.value ? ` ${percent(fraction.value)}` : ""), () => progressBar(fraction.value ?? null, text));
  return h(
    "div.preparing",
    {},
    h("span.visually-hidden", { role: "status" }, "The video is being prepared"),
    dataId && !PICTURE.test(filename) && poster(dataId),
    dataId && line("Preparing the video…", video),
    jobId && line("Loading the labels…", labels),
  );
}

function withoutPicture(dataId, { video, videoError }) {
  if (video) return null;
  const reason = dataId ? `The video cannot be shown: ${errorText(videoError).replace(/\.?$/, ".")}` : "The video was deleted or has expired.";
  return h("p.warning", { role: "status" }, `${reason} The labels are shown without the video.`);
}
