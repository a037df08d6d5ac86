/** Job events: one event stream (SSE) of the platform, shared by the whole console. */

import { get } from "./api.js";
import { onEnd, signal } from "./reactive.js";

/** The events of jobs to which webhooks can subscribe; progress, messages and partial results, which are frequent, are not among them. */
export const JOB_EVENTS = [
  "job_queued",
  "job_scheduled",
  "job_running",
  "job_complete",
  "job_failed",
  "job_archived",
  "job_unarchived",
  "job_expired",
  "job_deleted",
  "job_reviewed",
];
/** Events that come while a job runs and change no field of its record but the progress. */
export const FREQUENT_EVENTS = new Set(["job_progress", "job_message", "job_partial"]);
/** The events to which webhooks can subscribe. */
export const WEBHOOK_EVENTS = [...JOB_EVENTS, "batch_ended", "pipeline_run_ended"];
const NAMES = [...JOB_EVENTS, ...FREQUENT_EVENTS, "gap"];
const RECONNECT_MILLISECONDS = 5000;

/** Whether the event stream is connected. */
export const isLive = signal(false);

const listeners = new Set();
let source = null;
let timer = null;
let lastId = null;

/**
 * Call `listener` with each event (`voxel51.wire.events.Event`) until the scope ends. An event `gap` means that events
 * may have been missed, and the jobs must be fetched again.
 */
export function onJobEvent(listener) {
  listeners.add(listener);
  onEnd(() => listeners.delete(listener));
}

/** Connect to the event stream, unless it is connected. */
export function connectJobEvents() {
  if (source) return;
  source = new EventSource("/v1/events" + (lastId ? `?last_event_id=${lastId}` : ""));
  source.addEventListener("open", () => {
    isLive.value = true;
    // Without an id to resume from, whatever pages have fetched may be older than the first event that will come.
    if (!lastId) dispatch({ event: "gap" });
  });
  source.addEventListener("error", () => {
    isLive.value = false;
    // The browser reconnects a broken stream itself, but gives up for good after an error response.
    if (source?.readyState === EventSource.CLOSED) reconnectLater();
  });
  for (const name of NAMES) source.addEventListener(name, receive);
}

/** Disconnect, as at sign-out. */
export function disconnectJobEvents() {
  clearTimeout(timer);
  timer = null;
  source?.close();
  source = null;
  lastId = null;
  isLive.value = false;
}

function reconnectLater() {
  source?.close();
  source = null;
  clearTimeout(timer);
  const mine = (timer = setTimeout(async () => {
    const isIn = await isSignedIn();
    if (mine !== timer) return; // connected or disconnected meanwhile
    if (isIn) connectJobEvents();
    else reconnectLater();
  }, RECONNECT_MILLISECONDS));
}

/** Whether the session is valid. Connecting without one would count as a failed sign-in and run into the rate limit. */
async function isSignedIn() {
  try {
    return (await get("/sign-in")).signed_in;
  } catch {
    return false;
  }
}

function receive(message) {
  lastId = message.lastEventId || lastId;
  dispatch(JSON.parse(message.data));
}

function dispatch(event) {
  for (const listener of [...listeners]) {
    try {
      listener(event);
    } catch (error) {
      reportError(error); // one failing listener must not keep the event from the others
    }
  }
}
