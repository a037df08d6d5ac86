/** The list of schedules: batches that run at the times of cron expressions. */

import { h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { signal } from "../../../core/reactive.js";
import { dateTime } from "../../../core/format.js";
import { hasScope } from "../../../core/session.js";
import { button } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { emptyState } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { newSchedule } from "./new-schedule.js";

const TITLES = ["Name", "Runs", "When", "State", "Next run", "Last run"];
const KINDS = { STARTED: "good", FAILED: "bad" };

export function page() {
  const version = signal(0);
  const create = async () => (await newSchedule()) && version.update((number) => number + 1);
  const newButton = () => hasScope("run") && button("New schedule…", create, { symbol: "add", kind: "primary" });
  return subpage(
    "/jobs",
    "Schedules",
    newButton(),
    () => version.value >= 0 && loaded((aborted) => get("/schedules", {}, { signal: aborted }), ({ schedules }) => (schedules.length ? table(schedules) : empty(newButton()))),
  );
}

/** What a schedule runs, as text. */
export const workOf = ({ run }) => (run.type === "pipeline" ? h("a", { href: `/jobs/pipelines/${encodeURIComponent(run.pipeline.pipeline)}` }, "a pipeline") : (run[run.type]?.analytic ?? run.type));

/** When a schedule is due, as text. */
export const timesOf = ({ cron, time_zone: zone }) => [h("code", {}, cron), " ", h("span.muted", {}, zone)];

/** The state of a schedule as a badge. */
export const scheduleState = ({ state }) => h("span.state", { class: state === "ACTIVE" ? "good" : "" }, state.toLowerCase());

/** The state of a run as a badge. */
export const runState = ({ state }) => h("span.state", { class: KINDS[state] ?? "" }, state.toLowerCase());

function table(schedules) {
  const row = (schedule) => {
    const cells = [
      h("a", { href: `/jobs/schedules/${encodeURIComponent(schedule.id)}` }, h("bdi", {}, schedule.name)),
      workOf(schedule),
      timesOf(schedule),
      scheduleState(schedule),
      dateTime(schedule.next_date),
      schedule.last_run && runState(schedule.last_run),
    ];
    return h("tr", {}, cells.map((cell, index) => h("td.wide", { "data-title": TITLES[index] }, cell)));
  };
  return h(
    "table",
    { "aria-label": "Schedules" },
    h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, schedules.map(row)),
  );
}

const empty = (action) => emptyState("No schedules", "Schedules that you create appear here. A schedule runs an analytic again and again, such as every night on a collection. Pipelines are scheduled on their pages.", action);
