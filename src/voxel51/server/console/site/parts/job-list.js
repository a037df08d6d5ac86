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
  let meanwhile = null;
  const { state, reload } = resource(async (aborted) => {
    const heard = (meanwhile = []);
    const fetched = await fetch(aborted);
    jobs.value = heard.reduce(changed, fetched); // what is heard while it is fetched may be newer
    meanwhile = null;
  });
  onJobEvent((event) => {
    if (ELSEWHERE.has(event.event)) reload();
    else {
      meanwhile?.push(event);
      jobs.update((all) => changed(all, event));
    }
  });
  return () => {
    const { error, isThere } = state.value;
    if (error) return failure(error, reload);
    if (!isThere) return loading();
    return jobs.value.length ? h("ul.job-list", {}, each(() => jobs.value, ({ id }) => id, row)) : empty();
  };
}

function changed(jobs, { job_id: id, state, progress }) {
  return jobs.map((job) => (job.id === id ? { ...job, state: state ?? job.state, progress: progress ?? job.progress } : job));
}

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
