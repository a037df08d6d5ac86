/** The queue in numbers. */

import { h } from "../../core/dom.js";
import { count, duration } from "../../core/format.js";
import { bars } from "../../parts/chart.js";

const STATES = [
  ["QUEUED", "waiting"],
  ["SCHEDULED", "starting"],
  ["RUNNING", "running"],
  ["COMPLETE", "complete"],
  ["FAILED", "failed"],
  ["READY", "not started"],
];
const hourOf = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** How many jobs are in each state, and how many slots are in use. @param {{value: object}} queue */
export function figures(queue) {
  return h(
    "section",
    { "aria-label": "Queue" },
    h("p.stale", { role: "status", hidden: () => queue.value.dispatching }, "No job is being started at present."),
    h(
      "dl.figures",
      {},
      STATES.map(([state, title]) => figure(title, () => count(queue.value.states[state]), () => internal(queue.value.internal_states[state]), state)),
      figure("oldest waits", () => waits(queue.value.oldest_wait_seconds)),
      figure("job slots", () => inUse(queue.value.jobs)),
      figure("rendition slots", () => inUse(queue.value.renditions)),
    ),
  );
}

/** Bars of what ended in each hour. */
export function throughput(hours) {
  const total = (name) => hours.reduce((sum, hour) => sum + hour[name], 0);
  const steps = hours.map(({ hour, completed, failed }) => ({ label: hourOf.format(new Date(hour)), value: completed + failed }));
  if (total("completed") + total("failed") === 0) return h("p.none", {}, "No job ended in this time.");
  return [
    bars("Jobs that ended, by hour", steps, (number) => count(Math.round(number * 10) / 10)),
    h("p.soft.below", {}, `${count(total("completed"))} complete, ${count(total("failed"))} failed.`),
  ];
}

function figure(title, value, more, state) {
  return h("div", { "data-state": state }, h("dt", {}, title), h("dd", {}, h("strong", {}, value), more && h("small", {}, more)));
}

const internal = (number) => (number ? ` + ${count(number)} of the platform's own` : "");
const inUse = ({ used_slots: used, total_slots: total }) => `${count(used)} of ${count(total)}`;
const waits = (seconds) => (seconds === null ? "–" : duration(Math.round(seconds)));
