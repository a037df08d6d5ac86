/** One job, kept up to date: by job events, and by polling where there are no events. */

import { Unreachable, get } from "../../core/api.js";
import { FREQUENT_EVENTS, isLive, onJobEvent } from "../../core/job-events.js";
import { currentScope, effect, every, onEnd, signal } from "../../core/reactive.js";
import { showError } from "../../parts/notices.js";
import { afterEvent, isActive } from "./states.js";

const REFRESH_DELAY_MILLISECONDS = 300; // several events in a row cause one request
const RETRY_MILLISECONDS = 3000;
const QUEUE_POLL_MILLISECONDS = 15_000;

/**
 * @param {object} first the record of the job
 * @returns {{job: {value}, messages: {value: Array<{message, time}>}, warnings: {value: Array<string>}, isDeleted: {value: boolean},
 *   refresh: () => Promise}}
 */
export function followJob(first) {
  const [job, messages, warnings, isDeleted] = [signal(first), signal([]), signal([]), signal(false)];
  const path = `/jobs/${encodeURIComponent(first.id)}`;
  const scope = currentScope();
  let timer = null;

  async function refresh() {
    const { job: record } = await get(path);
    const status = record.state === "READY" ? {} : await get(`${path}/status`);
    // Progress in the record comes first; analytics of the old SDK report it in the status document only.
    job.value = { ...record, progress: record.progress ?? status.progress ?? null };
    messages.value = validMessages(status.messages);
    warnings.value = Array.isArray(status.warnings) ? status.warnings.map(String) : [];
  }

  const refreshSoon = (milliseconds = REFRESH_DELAY_MILLISECONDS) => {
    timer ??= setTimeout(() => {
      timer = null;
      refresh().catch((error) => {
        if (scope.isOver) return;
        if (error instanceof Unreachable) refreshSoon(RETRY_MILLISECONDS);
        else if (!isDeleted.peek()) showError(error);
      });
    }, milliseconds);
  };

  onEnd(() => clearTimeout(timer));
  onJobEvent((event) => {
    if (event.event === "gap") refreshSoon();
    else if (event.job_id !== first.id) job.peek().state === "QUEUED" && event.state && refreshSoon(); // its position in the queue may have changed
    else if (event.event === "job_deleted") isDeleted.value = true;
    else apply(event);
  });

  function apply(event) {
    job.value = afterEvent(job.peek(), event);
    if (event.event === "job_message") messages.value = [...messages.peek(), { message: event.message, time: event.date }];
    else if (!FREQUENT_EVENTS.has(event.event)) refreshSoon(); // an event has only a part of what changed
  }

  let wasLive = isLive.peek();
  effect(() => {
    if (isLive.value && !wasLive) refreshSoon(); // reconnected: events may have been missed
    wasLive = isLive.value;
  });
  every(QUEUE_POLL_MILLISECONDS, () => job.peek().state === "QUEUED" && refreshSoon());
  if (first.state !== "READY") refreshSoon();
  return { job, messages, warnings, isDeleted, refresh, isActive: () => isActive(job.value) };
}

/** Status documents come from analytics and may have any content; keep the entries that are messages. */
function validMessages(entries) {
  if (!Array.isArray(entries)) return [];
  return entries.filter((entry) => typeof entry?.message === "string").map(({ message, time }) => ({ message, time: String(time ?? "") }));
}
