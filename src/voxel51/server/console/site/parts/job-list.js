/** A short list of jobs, kept up to date by job events. */

import { each, h } from "../core/dom.js";
import { onJobEvent } from "../core/job-events.js";
import { signal } from "../core/reactive.js";
import { loadError, resource } from "./load.js";
import { loading, progressBar, stateBadge, timeAgo } from "./elements.js";

/** Events that may add or remove entries, so the list is fetched again; all others only change an entry. */
const RELOADING_EVENTS = new Set(["job_queued", "job_archived", "job_unarchived", "job_deleted", "gap"]);

/**
 * @param {(signal: AbortSignal) => Promise<Array>} fetch jobs with `id`, `name`, `state`, `upload_date`, optionally
 *   `analytic` and `progress`
 * @param {() => Node} empty shown if there are no jobs
 */
export function jobList(fetch, empty) {
  const jobs = signal([]);
  let received = null; // events that arrive during a request
  const { state, reload } = resource(async (aborted) => {
    const events = (received = []);
    const fetched = await fetch(aborted);
    jobs.value = events.reduce(changed, fetched); // they may be newer than the response
    received = null;
  });
  onJobEvent((event) => {
    if (RELOADING_EVENTS.has(event.event)) reload();
    else {
      received?.push(event);
      jobs.update((all) => changed(all, event));
    }
  });
  return () => {
    const { error, isThere } = state.value;
    if (error) return loadError(error, reload);
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
    h("span.muted", {}, () => job.value.analytic && `${job.value.analytic} · `, () => timeAgo(job.value.upload_date)),
    () => job.value.state === "RUNNING" && progressBar(() => job.value.progress?.fraction, `Progress of ${job.value.name}`),
  );
}
