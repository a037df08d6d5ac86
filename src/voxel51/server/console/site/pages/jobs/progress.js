/** The progress of a job while it waits or runs, and the explanation of a failure. */

import { h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { count, duration, percent } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { progressBar } from "../../parts/elements.js";
import { FAILURES, isActive, runSeconds, wasCancelled } from "./states.js";

/** The fraction from which the remaining time is estimated; before, the estimate is too rough. */
const MIN_ESTIMATE_FRACTION = 0.02;

/** A card with the progress of a job, visible while the job waits or runs. */
export function progressCard({ job }, now) {
  const fraction = computed(() => (job.value.state === "RUNNING" ? (job.value.progress?.fraction ?? null) : null));
  const isKnown = computed(() => fraction.value !== null);
  return h(
    "section.card.progress-card",
    { hidden: () => !isActive(job.value), "aria-label": "Progress" },
    h("div.numbers", {}, h("strong", {}, () => (isKnown.value ? percent(fraction.value) : phase(job.value))), h("span.grow"), h("span.muted", {}, () => times(job.value, now.value))),
    progressBar(() => fraction.value, "Progress"),
    h("p.muted", {}, () => details(job.value)),
  );
}

/** A card that explains why a job failed and what to do, visible if it failed. */
export function failureCard(job, messages, request) {
  const isFailed = computed(() => job.value.state === "FAILED");
  return () => isFailed.value && explanation(job, messages, request);
}

function explanation(job, messages, request) {
  const failure = computed(() => FAILURES[job.value.failure_type] ?? FAILURES.NONE);
  const message = computed(() => job.value.failure_message ?? messages.value.at(-1)?.message ?? "");
  const isCancelled = computed(() => wasCancelled({ ...job.value, failure_message: message.value }));
  const editPath = `/analytics/${encodeURIComponent(job.peek().analytic_id)}/run?job=${encodeURIComponent(job.peek().id)}`;
  return h(
    "section.card.failure",
    { "aria-label": "Failure" },
    h("h2", {}, icon("error"), () => (isCancelled.value ? "Job cancelled" : failure.value[0])),
    () => message.value && !isCancelled.value && h("pre.message", {}, message.value),
    h("p", {}, () => (isCancelled.value ? "The job was cancelled by its owner before it finished." : failure.value[1])),
    request.analytic && hasScope("run") && h("a.button", { href: editPath }, icon("settings"), "Edit and run again"),
  );
}

function phase({ state, queue_position: position }) {
  if (state === "QUEUED") return position ? (position === 1 ? "Next in the queue" : `Position ${count(position)} in the queue`) : "Queued";
  return state === "SCHEDULED" ? "Starting" : "Running";
}

/** The run time so far, and an estimate of the remaining time. */
function times(job, now) {
  const seconds = job.state === "RUNNING" ? runSeconds(job, now) : null;
  if (seconds === null) return "";
  const fraction = job.progress?.fraction ?? 0;
  const left = fraction >= MIN_ESTIMATE_FRACTION && fraction < 1 ? `, about ${duration(Math.ceil((seconds * (1 - fraction)) / fraction))} left` : "";
  return `${duration(Math.floor(seconds))}${left}`;
}

function details({ state, progress }) {
  if (state !== "RUNNING" || !progress) return "";
  const { frames_done: done, frames_total: total, message } = progress;
  const frames = done === undefined ? "" : total === undefined ? `${count(done)} frames` : `${count(done)} of ${count(total)} frames`;
  return [frames, message].filter(Boolean).join(" · ");
}
