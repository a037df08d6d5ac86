/** The partial labels of one job, fetched when the platform reports new ones. */

import { onJobEvent } from "../../core/job-events.js";
import { computed, effect } from "../../core/reactive.js";
import { partialLabels, partialPath } from "../../viewer/loading/partial-labels.js";

const STATES = new Set(["RUNNING", "FAILED"]);

/** @param job a signal of the record of a job @returns as `partialLabels` */
export function followPartial(job) {
  const partial = partialLabels(partialPath(job.peek().id));
  const canHave = computed(() => STATES.has(job.value.state) && !job.value.expired);
  effect(() => {
    job.value.state; // also when a failure ends the job: its last labels came just before
    if (canHave.value) partial.refresh();
  });
  onJobEvent(({ event, job_id: id }) => {
    if ((event === "job_partial" && id === job.peek().id) || (event === "gap" && canHave.peek())) partial.refresh();
  });
  return partial;
}
