/** What happens to jobs, as the platform tells it: one stream for the whole console. */

import { get } from "./api.js";
import { onEnd, signal } from "./reactive.js";

/** What happens to a job once, and not all the time; webhooks are told of it, too. */
export const JOB_MOVES = [
  "job_queued",
  "job_scheduled",
  "job_running",
  "job_complete",
  "job_failed",
  "job_archived",
  "job_unarchived",
  "job_expired",
  "job_deleted",
];
const NAMES = [...JOB_MOVES, "job_progress", "job_message", "gap"];
const AGAIN_MILLISECONDS = 5000;

/** Whether events come through at present. */
export const isLive = signal(false);

const listeners = new Set();
let source = null;
let timer = null;
let lastId = null;

/**
 * Call `heard` with each event (`voxel51.wire.events.Event`) until the scope ends. An event `gap` says that some may
 * have been missed: look at the jobs themselves.
 */
export function onJobEvent(heard) {
  listeners.add(heard);
  onEnd(() => listeners.delete(heard));
}

/** Begin to listen; does nothing where that has begun. */
export function startListening() {
  if (source) return;
  source = new EventSource("/v1/events" + (lastId ? `?last_event_id=${lastId}` : ""));
  source.addEventListener("open", () => {
    isLive.value = true;
    // Nothing was told before: what pages fetched until now may be older than the first event to come.
    if (!lastId) hear({ event: "gap" });
  });
  source.addEventListener("error", () => {
    isLive.value = false;
    // A browser comes back by itself after a broken stream, but never after a refusal.
    if (source?.readyState === EventSource.CLOSED) startAgain();
  });
  for (const name of NAMES) source.addEventListener(name, tell);
}

/** Listen no more, as at sign-out. */
export function stopListening() {
  clearTimeout(timer);
  timer = null;
  source?.close();
  source = null;
  lastId = null;
  isLive.value = false;
}

function startAgain() {
  source?.close();
  source = null;
  clearTimeout(timer);
  const mine = (timer = setTimeout(async () => {
    const isIn = await isSignedIn();
    if (mine !== timer) return; // listening began, or was ended, meanwhile
    if (isIn) startListening();
    else startAgain();
  }, AGAIN_MILLISECONDS));
}

/** Whether the session goes on. To listen without one would count as an attempt to guess who one is. */
async function isSignedIn() {
  try {
    return (await get("/sign-in")).signed_in;
  } catch {
    return false;
  }
}

function tell(message) {
  lastId = message.lastEventId || lastId;
  hear(JSON.parse(message.data));
}

function hear(event) {
  for (const heard of [...listeners]) {
    try {
      heard(event);
    } catch (error) {
      reportError(error); // the others hear of it all the same
    }
  }
}
