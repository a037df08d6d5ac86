/** The result of a job, to be looked at. */

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

function view({ id, output_filename: outputName, name }, { inputs: asked }, inputs, frame) {
  if (!outputName) return emptiness("It leaves no file", "This analytic does its work elsewhere.");
  const video = inputs.find(({ role, isMissing }) => asked[role] && !isMissing);
  return viewer({ dataId: video?.id ?? null, filename: video?.name ?? name, jobId: id, outputName, start: frame ? Number(frame) : null });
}
