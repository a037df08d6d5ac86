/** A short list of jobs, kept up to date by job events. */

import { each, h } from "../core/dom.js";
import { clock } from "../core/format.js";
import { onJobEvent } from "../core/job-events.js";
import { signal } from "../core/reactive.js";
import { posterOf } from "./poster.js";
import { loadError, resource } from "./load.js";
import { loading, progressBar, stateBadge, timeAgo } from "./elements.js";

const THUMBNAIL_WIDTH = 320; // that of posters everywhere, so that one picture serves all

/** Events that may add or remove entries, so the list is fetched again; all others only change an entry. */
const RELOADING_EVENTS = new Set(["job_queued", "job_archived", "job_unarchived", "job_deleted", "gap"]);

/**
 * @param {(signal: AbortSignal) => Promise<Array>} fetch jobs with `id`, `name`, `state`, `upload_date`, optionally
 *   `analytic`, `progress`, `inputs` and `duration_seconds`
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

/**
 * The poster of the first file of a job with the length of the video, once the job has measured it; an icon if the file was
 * deleted or is not a video; nothing if `inputs` were not fetched.
 */
export function jobThumbnail({ inputs, duration_seconds: seconds }) {
  if (!inputs) return null;
  const file = inputs.find(({ filename }) => filename !== null);
  const picture = posterOf(file?.data_id, file?.filename ?? null, { width: THUMBNAIL_WIDTH });
  return h("span.thumbnail", {}, picture, seconds > 0 && h("span.length", { title: "Length of the video" }, clock(seconds)));
}

function changed(jobs, { job_id: id, state, progress }) {
  return jobs.map((job) => (job.id === id ? { ...job, state: state ?? job.state, progress: progress ?? job.progress } : job));
}

function row(job) {
  return h(
    "li",
    {},
    h("a.file-link", { href: `/jobs/${encodeURIComponent(job.value.id)}` }, jobThumbnail(job.peek()), h("bdi", {}, () => job.value.name)),
    () => stateBadge(job.value.state),
    h("span.muted", {}, () => job.value.analytic && `${job.value.analytic} · `, () => timeAgo(job.value.upload_date)),
    () => job.value.state === "RUNNING" && progressBar(() => job.value.progress?.fraction, `Progress of ${job.value.name}`),
  );
}
