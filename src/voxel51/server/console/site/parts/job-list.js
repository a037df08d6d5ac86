/** A short list of jobs that follows what happens to them. */

import { each, h } from "../core/dom.js";
import { onJobEvent } from "../core/live.js";
import { signal } from "../core/reactive.js";
import { failure, resource } from "./load.js";
import { loading, progressBar, stateBadge, when } from "./show.js";

/** What makes the list another one; all else changes its entries. */
const ELSEWHERE = new Set(["job_queued", "job_archived", "job_unarchived", "job_deleted", "gap"]);

/**
 * @param {(signal: AbortSignal) => Promise<Array>} fetch jobs with `id`, `name`, `state`, `upload_date`, perhaps `analytic`
 *   and `progress`
 * @param {() => Node} empty where there are none
 */
export function jobList(fetch, empty) {
  const jobs = signal([]);
  const { state, reload } = resource(async (aborted) => (jobs.value = await fetch(aborted)));
  onJobEvent((event) => {
    if (ELSEWHERE.has(event.event)) reload();
    else jobs.update((all) => all.map((job) => (job.id === event.job_id ? changed(job, event) : job)));
  });
  return () => {
    const { error, isThere } = state.value;
    if (error) return failure(error, reload);
    if (!isThere) return loading();
    return jobs.value.length ? h("ul.job-list", {}, each(() => jobs.value, ({ id }) => id, row)) : empty();
  };
}

const changed = (job, { state, progress }) => ({ ...job, state: state ?? job.state, progress: progress ?? job.progress });

function row(job) {
  return h(
    "li",
    {},
    h("a", { href: `/jobs/${encodeURIComponent(job.value.id)}` }, h("bdi", {}, () => job.value.name)),
    () => stateBadge(job.value.state),
    h("span.soft", {}, () => job.value.analytic && `${job.value.analytic} · `, () => when(job.value.upload_date)),
    () => job.value.state === "RUNNING" && progressBar(() => job.value.progress?.fraction, `Progress of ${job.value.name}`),
  );
}
