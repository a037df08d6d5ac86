/** Runs of pipelines: their state as a badge, and a table of them. */

import { h } from "../../../core/dom.js";
import { progressBar, timeAgo } from "../../../parts/elements.js";

const STATES = { RUNNING: ["running", "busy"], COMPLETE: ["complete", "good"], FAILED: ["failed", "bad"], CANCELLED: ["cancelled", "bad"] };
const TITLES = ["Name", "State", "Progress", "Steps", "Started"];

/** Whether jobs of a run may still change. */
export const isOpen = ({ state }) => state === "RUNNING";

/** The path of the page of a run. */
export const runPath = ({ id }) => `/jobs/pipelines/runs/${encodeURIComponent(id)}`;

/** The state of a run as a badge. */
export function runState({ state }) {
  const [text, kind] = STATES[state] ?? [state.toLowerCase(), ""];
  return h("span.state", { class: kind }, text);
}

/** How many steps of a run have a result, as text. */
export const stepsText = ({ steps }) => `${steps.filter(({ state }) => state === "COMPLETE").length} of ${steps.length}`;

/** A table of runs. */
export function runTable(runs) {
  const row = (run) => {
    const cells = [h("a", { href: runPath(run) }, h("bdi", {}, run.name)), runState(run), progressBar(run.progress), stepsText(run), timeAgo(run.created_date)];
    return h("tr", {}, cells.map((cell, index) => h("td.wide", { "data-title": TITLES[index] }, cell)));
  };
  return h("table", { "aria-label": "Runs" }, h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, runs.map(row)));
}
