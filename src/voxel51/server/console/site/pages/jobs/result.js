/** The result tab of a job: the viewer once there is a result or a partial one, before that an empty state. */

import { save } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { computed, untracked } from "../../core/reactive.js";
import { emptyState } from "../../parts/elements.js";
import { button } from "../../parts/form.js";
import { attempt } from "../../parts/notices.js";
import { partialLabelsFile, partialPath } from "../../viewer/loading/partial-labels.js";
import { viewer } from "../../viewer/viewer.js";
import { analysedFile } from "./job-files.js";
import { hasResult, isActive } from "./states.js";

/** @param partial of `partialLabels` */
export function resultTab({ job, partial, request, inputs, frame }) {
  const phase = computed(() => (hasResult(job.value) ? "result" : job.value.expired ? "expired" : partial.hasAny() ? "partial" : job.value.state));
  return () => {
    const current = phase.value;
    return untracked(() => content(current, { job, partial, request, inputs, frame }));
  };
}

function content(phase, { job, partial, request, inputs, frame }) {
  if (phase === "result") return resultViewer(job.peek(), request, inputs, { start: frame && Number(frame) });
  if (phase === "partial") return [partialMark(job), resultViewer(job.peek(), request, inputs, { partial: partial.labels })];
  return noResult(phase);
}

/** A line that says that the result is partial, and why. */
function partialMark(job) {
  const isActiveNow = computed(() => isActive(job.value));
  const reason = () => (isActiveNow.value ? "The labels found so far. New ones appear while the job runs." : "The job ended before it was complete. These are the labels that it had found.");
  const work = () => attempt(async () => save(await partialLabelsFile(partialPath(job.peek().id)), `${job.peek().name}.partial.json`, "application/json"));
  return h("p.partial-mark", { role: "status" }, h("span.badge.busy", {}, "Partial result"), h("span", {}, reason), () => !isActiveNow.value && button("Download", work, { symbol: "download" }));
}

function noResult(phase) {
  if (phase === "expired") return emptyState("Result expired", "The result was deleted on its expiry date. Run the job again to create it again.");
  if (phase === "FAILED") return emptyState("No result", "The job failed.");
  if (phase === "READY") return emptyState("No result yet", "The result appears here when the job is complete. Start the job first.");
  return emptyState("No result yet", "The result appears here when the job is complete.");
}

function resultViewer({ id, output_filename: outputName, name }, request, inputs, options) {
  if (!outputName) return emptyState("No output file", "This analytic does not write an output file.");
  const video = analysedFile({ request, inputs });
  return viewer({ dataId: video?.id ?? null, filename: video?.name ?? name, jobId: id, outputName, ...options });
}
