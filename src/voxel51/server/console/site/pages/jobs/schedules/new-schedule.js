/** The dialog that creates a schedule: an analytic, its parameters, its videos, and when it runs. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { dialog } from "../../../parts/dialog.js";
import { field, form, select } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { emptyState } from "../../../parts/elements.js";
import { analyticChoice, runnableAnalytics } from "../../analytics/analytic-choice.js";

const MAX_NAME = 255;
const NIGHTLY = "0 3 * * *";
const MISSED = [
  ["run_once", "Run once afterwards"],
  ["skip", "Leave them out"],
];

/** Ask for a new schedule and create it; resolves to whether one was created. */
export async function newSchedule() {
  const choices = async (aborted) => {
    const options = { signal: aborted };
    const [analytics, { collections }] = await Promise.all([runnableAnalytics(options), get("/collections", {}, options)]);
    return { analytics, collections };
  };
  return Boolean(await dialog("New schedule", (close) => loaded(choices, (found) => (found.analytics.length ? scheduleForm(found, close) : emptyState("No analytics", "Add an analytic first."))), { isWide: true }));
}

function scheduleForm({ analytics, collections }, close) {
  const choice = analyticChoice(analytics);
  const submit = async (values) => {
    const request = (run) => scheduleRequest(values, (selection) => ({ type: "batch", batch: { ...run, selection } }));
    if (await choice.send((run) => call("POST", "/schedules", { json: request(run) }))) close(true);
  };
  return form([choice.analytic, scheduleFields(collections), choice.parameters], { verb: "Create schedule", cancel: () => close(), submit, isValidated: false });
}

/** The fields that every schedule has: its videos, when it runs, and its name. */
export function scheduleFields(collections) {
  const places = [["", "All my videos"], ...collections.map(({ id, name }) => [id, `My videos in the collection “${name}”`])];
  return [
    field("Videos", select(places, { name: "place", value: "" }), { hint: "Selected again at each run. What was computed before is reused." }),
    field("Cron expression", h("input", { name: "cron", value: NIGHTLY, required: true, autocomplete: "off", spellcheck: "false" }), { hint: "Minute, hour, day of the month, month and day of the week: 0 3 * * * is three o’clock every night." }),
    field("Time zone", h("input", { name: "zone", value: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC", required: true, autocomplete: "off", spellcheck: "false" })),
    field("Runs missed while the platform is down", select(MISSED, { name: "missed", value: "run_once" })),
    field("Name", h("input", { name: "name", maxlength: MAX_NAME, autocomplete: "off" }), { hint: "Optional. By default the cron expression." }),
  ];
}

/** The request for a schedule with the values of `scheduleFields`; `work(selection)` is what it runs on the videos. */
export function scheduleRequest({ name, place, cron, zone, missed }, work) {
  const selection = place ? { collection: place } : { query: { search: "type:video" } };
  return { cron, time_zone: zone.trim(), missed_runs: missed, ...(name.trim() && { name }), run: work(selection) };
}
