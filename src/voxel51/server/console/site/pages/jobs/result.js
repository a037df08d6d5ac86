/** The result of a job, to be looked at. */

import { h } from "../../core/dom.js";
import { address } from "../../core/api.js";
import { computed, untracked } from "../../core/reactive.js";
import { emptiness } from "../../parts/show.js";
import { viewer } from "../../viewer/viewer.js";
import { hasResult } from "./states.js";

/** The result as soon as it is there; before that, when it will be. */
export function result(job, request, inputs, frame) {
  const phase = computed(() => (hasResult(job.value) ? "there" : job.value.expired ? "expired" : job.value.state));
  return () => {
    const now = phase.value;
    return untracked(() => (now === "there" ? view(job.peek(), request, inputs, frame) : absence(now)));
  };
}

function absence(phase) {
  if (phase === "expired") return emptiness("The result has expired", "It was deleted when its time was over. Run the job again to have it once more.");
  if (phase === "FAILED") return emptiness("There is no result", "The job failed.");
  if (phase === "READY") return emptiness("There is no result yet", "Start the job.");
  return emptiness("There is no result yet", "It appears here as soon as the job is complete.");
}

function view({ id, output_filename: outputName }, { inputs: asked }, inputs, frame) {
  const video = inputs.find(({ role, isMissing }) => asked[role] && !isMissing);
  const source = address(`/jobs/${encodeURIComponent(id)}/output`);
  if (!outputName) return emptiness("It leaves no file", "This analytic does its work elsewhere.");
  if (/\.(mp4|webm)$/i.test(outputName)) return h("video.output", { src: source, controls: true, playsinline: true, "aria-label": outputName });
  if (/\.(png|jpe?g|webp|gif)$/i.test(outputName)) return h("img.output", { src: source, alt: outputName });
  if (video && /\.json$/i.test(outputName)) {
    return viewer({ dataId: video.id, filename: video.name, jobId: id, outputName, start: frame ? Number(frame) : undefined });
  }
  const why = video ? "A file of this kind is not shown here." : "The video that it looked at is not there any more.";
  return emptiness(outputName, why, h("a.button.primary", { href: source, download: outputName }, "Download it"));
}
