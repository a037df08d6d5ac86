/** What runs at present: whose, which analytic, since when, how far. */

import { each, h } from "../../core/dom.js";
import { duration } from "../../core/format.js";
import { progressBar, stateBadge, when } from "../../parts/show.js";

/** @param {{value: Array}} running a signal of jobs (`voxel51.wire.overview.RunningJob`) */
export function runningJobs(running) {
  return h(
    "section.listing.running",
    { "aria-label": "Running jobs" },
    h("h2", {}, "Running now"),
    h("p.nothing", { hidden: () => running.value.length > 0 }, "Nothing runs at present."),
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
    cell("Analytic", () => [`${job.value.analytic} `, h("span.soft", {}, job.value.version), job.value.internal && h("span.soft", {}, " (the platform's own)")], "analytic"),
    cell("State", () => stateBadge(job.value.state)),
    cell("Since", () => when(job.value.started_at)),
    cell("Progress", () => progress(job.value), "progress"),
  );
}

/** A user, with the application whose user it is. */
export function owner({ username, application }) {
  return [username, application && h("span.soft", {}, ` of ${application}`)];
}

function progress({ progress: made, eta_seconds: left }) {
  return [
    progressBar(made?.fraction ?? null, "progress of the job"),
    h("span.soft", {}, [made?.message, left !== null && `${duration(Math.round(left))} left`].filter(Boolean).join(", ")),
  ];
}
