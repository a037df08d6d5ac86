/** The progress of a job while it waits or runs, and the explanation of a failure. */

import { h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { count, dateTime, duration, percent } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { progressBar } from "../../parts/elements.js";
import { FAILURES, isActive, runSeconds, wasCancelled } from "./states.js";

/** The message of a job that its owner cancelled without a reason. */
const KILLED = "Killed by its owner";

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
    () => message.value && message.value !== KILLED && h("pre.message", {}, message.value),
    h("p", {}, () => (isCancelled.value ? "The job was cancelled before it finished." : failure.value[1])),
    request.analytic && hasScope("run") && h("a.button", { href: editPath }, icon("settings"), "Edit and run again"),
  );
}

function phase({ state, queue_position: position }) {
  if (state === "QUEUED") return position ? (position === 1 ? "Next in the queue" : `Position ${count(position)} in the queue`) : "Queued";
  return state === "SCHEDULED" ? "Starting" : "Running";
}

/** The run time so far and the estimated remaining time; of a queued job, the estimated start and end. */
function times(job, now) {
  if (job.state === "QUEUED") return expected(job);
  const seconds = job.state === "RUNNING" ? runSeconds(job, now) : null;
  if (seconds === null) return "";
  const end = job.estimated_completion && job.progress?.fraction !== 1 ? new Date(job.estimated_completion).getTime() : null;
  const left = end === null || end <= now ? "" : `, about ${duration(Math.ceil((end - now) / 1000))} left`;
  return `${duration(Math.floor(seconds))}${left}`;
}

function expected({ estimated_start: start, estimated_completion: end }) {
  const parts = [start && `starts about ${dateTime(start)}`, end && `ends about ${dateTime(end)}`];
  return parts.filter(Boolean).join(", ");
}

function details({ state, progress, waiting_reason: reason }) {
  if (reason && state !== "RUNNING") return `Waiting: ${reason}`;
  if (state !== "RUNNING" || !progress) return "";
  const { frames_done: done, frames_total: total, message } = progress;
  const frames = done === undefined ? "" : total === undefined ? `${count(done)} frames` : `${count(done)} of ${count(total)} frames`;
  return [frames, message].filter(Boolean).join(" · ");
}
