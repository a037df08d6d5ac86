/** The page of one schedule: what it runs and when, and its last runs with what each started. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { every, signal } from "../../../core/reactive.js";
import { dateTime } from "../../../core/format.js";
import { navigate } from "../../../core/router.js";
import { hasScope } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button } from "../../../parts/form.js";
import { loaded, loadedRecord } from "../../../parts/load.js";
import { attempt } from "../../../parts/notices.js";
import { emptyState, facts, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { runState, scheduleState, timesOf, workOf } from "./schedules.js";

const POLL_MILLISECONDS = 5000;
const TITLES = ["Due", "State", "Result"];
const WORK = { batch: "Batch", pipeline: "Runs of the pipeline" };
const pathOfWork = ({ type, id }) => (type === "pipeline" ? `/jobs/pipelines?group=${encodeURIComponent(id)}` : `/jobs/batches/${encodeURIComponent(id)}`);
const MISSED = { run_once: "run once afterwards", skip: "left out" };

export function page({ id }) {
  const path = `/schedules/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).schedule,
    { noun: "schedule", list: "/jobs/schedules" },
    (first) => view(path, first),
  );
}

function view(path, first) {
  const schedule = signal(first);
  const runs = signal(0);
  const update = (changed) => {
    const isChanged = JSON.stringify(changed.last_run) !== JSON.stringify(schedule.peek().last_run);
    schedule.value = changed;
    if (isChanged) runs.value += 1;
  };
  let isDeleted = false;
  const remove = async () => {
    isDeleted = true; // before the platform deletes it: a poll would ask for a schedule that is not there
    await call("DELETE", path).catch((error) => {
      isDeleted = false;
      throw error;
    });
    navigate("/jobs/schedules");
  };
  every(POLL_MILLISECONDS, () => isDeleted || get(path).then(({ schedule: read }) => update(read), () => {})); // the next poll may succeed
  const history = () => runs.value >= 0 && loaded((aborted) => get(`${path}/runs`, {}, { signal: aborted }), (found) => (found.runs.length ? table(found.runs) : emptyState("No runs yet", "The runs of the schedule appear here.")));
  return subpage("/jobs", first.name, () => hasScope("run") && actions(path, schedule.value, update, remove), h("section.card", { "aria-label": "Schedule" }, () => summary(schedule.value)), h("h2.part", {}, "Runs"), h("section.listing", { "aria-label": "Runs of the schedule" }, history));
}

function summary(schedule) {
  const { selection, parameters } = schedule.run[schedule.run.type] ?? {};
  return [
    h("p", { role: "status" }, scheduleState(schedule)),
    facts([
      ["Runs", [workOf(schedule), h("span.muted", {}, parametersText(parameters ?? {}))]],
      ["Videos", selection && videosOf(selection)],
      ["When", timesOf(schedule)],
      ["Next run", schedule.next_date && dateTime(schedule.next_date)],
      ["Missed runs", MISSED[schedule.missed_runs]],
      ["Created", timeAgo(schedule.created_date)],
    ]),
  ];
}

const parametersText = (parameters) => Object.entries(parameters).map(([name, value]) => `, ${name} = ${JSON.stringify(value)}`).join("");

function videosOf({ collection, query, data_ids: ids }) {
  if (collection) return h("a", { href: `/collections/${encodeURIComponent(collection)}` }, "a collection");
  return query ? h("code", {}, query.search ?? "all") : `${ids.length} chosen`;
}

function actions(path, schedule, update, remove) {
  const change = (action) => () => attempt(async () => update((await call("PUT", `${path}/${action}`)).schedule));
  const askAndRemove = async () => (await confirmAction("Delete this schedule?", "It runs no more. What it started stays.", "Delete")) && remove();
  return [
    schedule.state === "ACTIVE" ? button("Pause", change("pause"), { symbol: "pause" }) : button("Resume", change("resume"), { symbol: "play" }),
    button("Delete", askAndRemove, { symbol: "trash" }),
  ];
}

function table(runs) {
  const row = (run) => {
    const { started, message } = run;
    const result = started
      ? [started.state ? h("a", { href: pathOfWork(started) }, WORK[started.type]) : WORK[started.type], " ", h("span.muted", {}, (started.state ?? "deleted").toLowerCase())]
      : h("bdi.muted", {}, message);
    return h("tr", {}, [dateTime(run.due_date), runState(run), result].map((cell, index) => h("td.wide", { "data-title": TITLES[index] }, cell)));
  };
  return h("table", { "aria-label": "Runs" }, h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, runs.map(row)));
}
