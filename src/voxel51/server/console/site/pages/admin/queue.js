/** The job queue in numbers: jobs by state, waiting time, slots, throughput. */

import { h } from "../../core/dom.js";
import { count, duration } from "../../core/format.js";
import { bars } from "../../parts/chart.js";

const STATES = [
  ["QUEUED", "queued"],
  ["SCHEDULED", "starting"],
  ["RUNNING", "running"],
  ["COMPLETE", "complete"],
  ["FAILED", "failed"],
  ["READY", "not started"],
];
const hourOf = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The number of jobs in each state, the longest wait and the slots in use. @param {{value: object}} queue */
export function figures(queue) {
  return h(
    "section",
    { "aria-label": "Queue" },
    h("p.stale", { role: "status", hidden: () => queue.value.dispatching }, () => waitingText(queue.value)),
    h(
      "dl.figures",
      {},
      STATES.map(([state, title]) => figure(title, () => count(queue.value.states[state]), () => internal(queue.value.internal_states[state]), state)),
      figure("longest wait", () => waits(queue.value.oldest_wait_seconds)),
      figure("job slots used", () => inUse(queue.value.jobs)),
      figure("rendition slots used", () => inUse(queue.value.renditions)),
    ),
  );
}

const waitingText = ({ waiting_reason: reason }) => `Queued jobs wait: ${reason ?? "no reason is known"}.`;

/** A chart of the jobs that finished in each hour. */
export function throughput(hours) {
  const total = (name) => hours.reduce((sum, hour) => sum + hour[name], 0);
  const steps = hours.map(({ hour, completed, failed }) => ({ label: hourOf.format(new Date(hour)), value: completed + failed }));
  if (total("completed") + total("failed") === 0) return h("p.none", {}, "No jobs finished in this period.");
  return [
    bars("Finished jobs per hour", steps, (number) => count(Math.round(number * 10) / 10)),
    h("p.muted.below", {}, `${count(total("completed"))} complete, ${count(total("failed"))} failed`),
  ];
}

function figure(title, value, more, state) {
  return h("div", { "data-state": state }, h("dt", {}, title), h("dd", {}, h("strong", {}, value), more && h("small", {}, more)));
}

const internal = (number) => (number ? ` + ${count(number)} internal` : "");
const inUse = ({ used_slots: used, total_slots: total }) => `${count(used)} of ${count(total)}`;
const waits = (seconds) => (seconds === null ? "–" : duration(Math.round(seconds)));
