/** One job as it is now: followed by events, and looked up where those cannot tell. */

import { Unreachable, get } from "../../core/api.js";
import { isLive, onJobEvent } from "../../core/live.js";
import { currentScope, effect, every, onEnd, signal } from "../../core/reactive.js";
import { complain } from "../../parts/notices.js";
import { afterEvent, isGoing } from "./states.js";

const LOOK_MILLISECONDS = 300;
const AGAIN_MILLISECONDS = 3000;
const QUEUE_MILLISECONDS = 15_000;

/**
 * @param {object} first the record of the job
 * @returns {{job: {value}, messages: {value: Array<{message, time}>}, warnings: {value: Array<string>}, isGone: {value: boolean},
 *   refresh: () => Promise}}
 */
export function follow(first) {
  const [job, messages, warnings, isGone] = [signal(first), signal([]), signal([]), signal(false)];
  const path = `/jobs/${encodeURIComponent(first.id)}`;
  const scope = currentScope();
  let timer = null;

  async function refresh() {
    const { job: record } = await get(path);
    const status = record.state === "READY" ? {} : await get(`${path}/status`);
    // What the platform tells wins; where it tells nothing of progress, the status document may.
    job.value = { ...record, progress: record.progress ?? status.progress ?? null };
    messages.value = entriesOf(status.messages);
    warnings.value = Array.isArray(status.warnings) ? status.warnings.map(String) : [];
  }

  const soon = (milliseconds = LOOK_MILLISECONDS) => {
    timer ??= setTimeout(() => {
      timer = null;
      refresh().catch((error) => {
        if (scope.isOver) return;
        if (error instanceof Unreachable) soon(AGAIN_MILLISECONDS);
        else if (!isGone.peek()) complain(error);
      });
    }, milliseconds);
  };

  onEnd(() => clearTimeout(timer));
  onJobEvent((event) => {
    if (event.event === "gap") soon();
    else if (event.job_id !== first.id) job.peek().state === "QUEUED" && event.state && soon(); // its place in the queue may be another
    else if (event.event === "job_deleted") isGone.value = true;
    else hear(event);
  });

  function hear(event) {
    job.value = afterEvent(job.peek(), event);
    if (event.event === "job_message") messages.value = [...messages.peek(), { message: event.message, time: event.date }];
    else if (event.event !== "job_progress") soon();
  }

  let wasLive = isLive.peek();
  effect(() => {
    if (isLive.value && !wasLive) soon();
    wasLive = isLive.value;
  });
  every(QUEUE_MILLISECONDS, () => job.peek().state === "QUEUED" && soon());
  if (first.state !== "READY") soon();
  return { job, messages, warnings, isGone, refresh, isGoing: () => isGoing(job.value) };
}

/** What an analytic wrote may be of any form. */
function entriesOf(written) {
  if (!Array.isArray(written)) return [];
  return written.filter((entry) => typeof entry?.message === "string").map(({ message, time }) => ({ message, time: String(time ?? "") }));
}
