/** How far a job is, while it waits or runs; and why it failed. */

import { h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { count, duration, percent } from "../../core/format.js";
import { may } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { progressBar } from "../../parts/show.js";
import { FAULTS, isGoing, ranFor, wasKilled } from "./states.js";

const LEAST_FRACTION = 0.02;
/** How much must be done before it is told how long the rest will take. */

/** A card with the progress of a job; it is there while the job waits or runs. */
export function standing({ job }, now) {
  const fraction = computed(() => (job.value.state === "RUNNING" ? (job.value.progress?.fraction ?? null) : null));
  const isKnown = computed(() => fraction.value !== null);
  return h(
    "section.card.standing",
    { hidden: () => !isGoing(job.value), "aria-label": "Progress" },
    h("div.numbers", {}, h("strong", {}, () => (isKnown.value ? percent(fraction.value) : waiting(job.value))), h("span.grow"), h("span.soft", {}, () => rest(job.value, now.value))),
    progressBar(() => fraction.value, "Progress"),
    h("p.soft", {}, () => details(job.value)),
  );
}

/** Why it failed, in plain words, and what to try. */
export function explanation(job, messages, request) {
  const isFailed = computed(() => job.value.state === "FAILED");
  return () => isFailed.value && failed(job, messages, request);
}

function failed(job, messages, request) {
  const fault = computed(() => FAULTS[job.value.failure_type] ?? FAULTS.NONE);
  const said = computed(() => job.value.failure_message ?? messages.value.at(-1)?.message ?? "");
  const again = `/analytics/${encodeURIComponent(job.peek().analytic_id)}/run?job=${encodeURIComponent(job.peek().id)}`;
  const isKilled = computed(() => wasKilled({ ...job.value, failure_message: said.value }));
  return h(
    "section.card.failure",
    { "aria-label": "Why it failed" },
    h("h2", {}, icon("error"), () => (isKilled.value ? "It was killed" : fault.value[0])),
    () => said.value && !isKilled.value && h("pre.said", {}, said.value),
    h("p", {}, () => (isKilled.value ? "Whoever owns it ended it before it was done." : fault.value[1])),
    request.analytic && may("run") && h("a.button", { href: again }, icon("settings"), "Run it with changes"),
  );
}

function waiting({ state, queue_position: place }) {
  if (state === "QUEUED") return place ? (place === 1 ? "Next in the queue" : `Place ${count(place)} in the queue`) : "Waiting in the queue";
  return state === "SCHEDULED" ? "About to start" : "Running";
}

/** How long it has run, and how long it will still take if it goes on so. */
function rest(job, now) {
  const seconds = job.state === "RUNNING" ? ranFor(job, now) : null;
  if (seconds === null) return "";
  const fraction = job.progress?.fraction ?? 0;
  const left = fraction >= LEAST_FRACTION && fraction < 1 ? `, about ${duration(Math.ceil((seconds * (1 - fraction)) / fraction))} left` : "";
  return `${duration(Math.floor(seconds))}${left}`;
}

function details({ state, progress }) {
  if (state !== "RUNNING" || !progress) return "";
  const { frames_done: done, frames_total: total, message } = progress;
  const frames = done === undefined ? "" : total === undefined ? `${count(done)} frames` : `${count(done)} of ${count(total)} frames`;
  return [frames, message].filter(Boolean).join(" · ");
}
