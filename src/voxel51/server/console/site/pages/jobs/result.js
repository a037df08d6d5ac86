/** The result tab of a job: the viewer once there is a result, before that an empty state. */

import { computed, untracked } from "../../core/reactive.js";
import { emptyState } from "../../parts/elements.js";
import { viewer } from "../../viewer/viewer.js";
import { hasResult } from "./states.js";

export function resultTab(job, request, inputs, frame) {
  const phase = computed(() => (hasResult(job.value) ? "result" : job.value.expired ? "expired" : job.value.state));
  return () => {
    const current = phase.value;
    return untracked(() => (current === "result" ? resultViewer(job.peek(), request, inputs, frame) : noResult(current)));
  };
}

function noResult(phase) {
  if (phase === "expired") return emptyState("Result expired", "The result was deleted on its expiry date. Run the job again to create it again.");
  if (phase === "FAILED") return emptyState("No result", "The job failed.");
  if (phase === "READY") return emptyState("No result yet", "The result appears here when the job is complete. Start the job first.");
  return emptyState("No result yet", "The result appears here when the job is complete.");
}

function resultViewer({ id, output_filename: outputName, name }, { inputs: requested }, inputs, frame) {
  if (!outputName) return emptyState("No output file", "This analytic does not write an output file.");
  const video = inputs.find(({ role, isMissing }) => requested[role] && !isMissing);
  return viewer({ dataId: video?.id ?? null, filename: video?.name ?? name, jobId: id, outputName, start: frame ? Number(frame) : null });
}
