/** The table of running jobs: owner, analytic, state, progress. */

import { each, h } from "../../core/dom.js";
import { duration } from "../../core/format.js";
import { progressBar, stateBadge, timeAgo } from "../../parts/elements.js";

/** @param {{value: Array}} running a signal of jobs (`voxel51.wire.overview.RunningJob`) */
export function runningJobs(running) {
  return h(
    "section.listing.running",
    { "aria-label": "Running jobs" },
    h("h2", {}, "Running jobs"),
    h("p.nothing", { hidden: () => running.value.length > 0 }, "No jobs are running."),
    h(
      "table",
      { "aria-label": "Running jobs", hidden: () => running.value.length === 0 },
      h("thead", {}, h("tr", {}, ["Job", "Owner", "Analytic", "State", "Since", "Progress"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, each(() => running.value, ({ job_id: id }) => id, row)),
    ),
  );
}

function row(job) {
  const cell = (title, content, kind) => h("td", { "data-title": title, class: kind }, content);
  return h(
    "tr",
    {},
    cell("Job", h("code", { title: () => job.value.job_id }, () => job.value.job_id.slice(0, 8))),
    cell("Owner", () => owner(job.value)),
    cell("Analytic", () => [`${job.value.analytic} `, h("span.muted", {}, job.value.version), job.value.internal && h("span.muted", {}, " (internal)")], "analytic"),
    cell("State", () => stateBadge(job.value.state)),
    cell("Since", () => timeAgo(job.value.started_at)),
    cell("Progress", () => progress(job.value), "progress"),
  );
}

/** A user, with its application if it has one. */
export function owner({ username, application }) {
  return [username, application && h("span.muted", {}, ` (${application})`)];
}

function progress({ progress: reported, eta_seconds: left }) {
  return [
    progressBar(reported?.fraction ?? null, "Progress of the job"),
    h("span.muted", {}, [reported?.message, left !== null && `${duration(Math.round(left))} left`].filter(Boolean).join(", ")),
  ];
}
