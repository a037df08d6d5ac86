/**
 * The upload queue of this browser: a few uploads are sent at a time. They belong to no page and continue on every page.
 *
 * States: `waiting` in the queue, `sending`, `retrying` (the network or the platform is down), `paused`, `failed`, `done`,
 * and `interrupted` (the page was reloaded; the file has to be chosen again).
 */

import { effect, onEnd, signal } from "../core/reactive.js";
import { session } from "../core/session.js";
import { errorText } from "../parts/notices.js";
import { notMediaReason } from "./media-check.js";
import { fingerprintOf, removeUnfinished, unfinishedUploads } from "./unfinished-uploads.js";
import { transferSpeed } from "./transfer-speed.js";
import { UnreadableFile, sendFile } from "./send-file.js";
import { deleteUpload, uploadStatus } from "./tus.js";

/** Browsers open six connections per host over HTTP/1.1; the event stream takes one, and pages need the others. */
const MAX_CONCURRENT = 2;

const ACTIVE_STATES = new Set(["waiting", "sending", "retrying"]);

/** All uploads, in the order in which they were added. */
export const uploads = signal([]);

const listeners = new Set();
let owner = null; // the user whose uploads these are
let uploadCount = 0;

/** Call `listener` with `id` and `name` of each data that is added, until the scope ends. */
export function onAdded(listener) {
  listeners.add(listener);
  onEnd(() => listeners.delete(listener));
}

/** Tell all listeners that data was added. */
export function notifyAdded({ id, name }) {
  for (const listener of [...listeners]) listener({ id, name });
}

/** Return whether an upload is sent, or will be without the user doing anything. */
export const isActive = (upload) => ACTIVE_STATES.has(upload.state.value);

/**
 * Upload `files`. A file that is being uploaded is not uploaded twice; one that was interrupted is resumed.
 *
 * @param {Array<{file: File, path: string}>} files
 * @param {string} [expires] when they expire (ISO 8601)
 * @returns {{added: number, known: number}}
 */
export function upload(files, expires) {
  const present = new Map(uploads.peek().map((each) => [each.fingerprint, each]));
  const added = [];
  let known = 0;
  for (const { file, path } of files) {
    const fingerprint = fingerprintOf(file, path);
    const other = present.get(fingerprint);
    if (other && ["interrupted", "paused", "failed"].includes(other.state.peek())) {
      other.file = file;
      resumeUpload(other);
    } else if (other && other.state.peek() !== "done") known += 1;
    else {
      const mine = newUpload(fingerprint, { name: file.name, size: file.size, file, type: file.type, expires });
      present.set(fingerprint, mine);
      added.push(mine);
      flagUnlessMedia(mine);
    }
  }
  uploads.update((all) => [...all, ...added]);
  sendNext();
  return { added: added.length, known };
}

/** Pause an upload; the platform keeps the bytes that it has. */
export function pauseUpload(upload) {
  if (!ACTIVE_STATES.has(upload.state.peek())) return;
  upload.state.value = "paused";
  stopSending(upload);
}

/** Resume an upload that was paused or has failed. */
export function resumeUpload(upload) {
  upload.state.value = "waiting";
  sendNext();
}

/** Cancel an upload, and have the platform discard its bytes. One that is done is only removed from the list. */
export async function removeUpload(upload) {
  const path = unfinishedUploads()[upload.fingerprint]?.path;
  const isDone = upload.state.peek() === "done";
  upload.state.value = "cancelled";
  stopSending(upload);
  uploads.update((all) => all.filter((each) => each !== upload));
  if (isDone || !path) return;
  removeUnfinished(upload.fingerprint);
  await deleteUpload(path).catch((error) => {
    if (error.status !== 404) throw error;
  });
}

/** Remove finished uploads from the list. */
export const clearDone = () => uploads.update((all) => all.filter((each) => each.state.peek() !== "done"));

function newUpload(fingerprint, { name, size, file = null, type = "", expires, state = "waiting" }) {
  uploadCount += 1;
  return {
    id: `upload-${uploadCount}`,
    fingerprint,
    name,
    size,
    file,
    type,
    expires,
    state: signal(state),
    sent: signal(0),
    speed: signal(null),
    problem: signal(""),
    /** A signal: why the file cannot be shown or analysed as a video, image or sound; empty if it can. */
    flag: signal(""),
    dataId: signal(null),
    sending: null,
  };
}

/** Look at the first bytes while the file waits or is being sent. A file that cannot be read fails when it is sent. */
async function flagUnlessMedia({ file, flag }) {
  flag.value = await notMediaReason(file).catch(() => "");
}

function stopSending(upload) {
  upload.sending?.abort(new DOMException("The upload was stopped", "AbortError"));
  upload.sending = null;
  upload.speed.value = null;
  sendNext();
}

function sendNext() {
  const busy = uploads.peek().filter((each) => each.sending).length;
  const next = uploads.peek().filter((each) => each.state.peek() === "waiting" && !each.sending);
  for (const each of next.slice(0, Math.max(0, MAX_CONCURRENT - busy))) send(each);
}

async function send(upload) {
  const mine = (upload.sending = new AbortController());
  const speedometer = transferSpeed();
  upload.state.value = "sending";
  upload.problem.value = "";
  const onProgress = (sent) => {
    if (mine.signal.aborted) return;
    speedometer.note(sent);
    upload.state.value = "sending";
    upload.sent.value = sent;
    upload.speed.value = speedometer.speed();
  };
  const onRetry = (error) => {
    if (mine.signal.aborted) return;
    speedometer.reset();
    upload.speed.value = null;
    upload.state.value = "retrying";
    upload.problem.value = errorText(error);
  };
  try {
    upload.dataId.value = await sendFile(upload, { onProgress, onRetry }, mine.signal);
    upload.sent.value = upload.size;
    upload.state.value = "done";
  } catch (error) {
    if (mine.signal.aborted) return;
    upload.problem.value = error instanceof UnreadableFile ? error.message : errorText(error);
    upload.state.value = "failed";
  } finally {
    if (upload.sending === mine) {
      upload.sending = null;
      upload.file = upload.state.peek() === "done" ? null : upload.file;
      sendNext();
    }
  }
  if (upload.state.peek() === "done") notifyAdded({ id: upload.dataId.peek(), name: upload.name });
}

/** List the uploads of earlier visits that were interrupted. */
function restoreUnfinished() {
  const found = Object.entries(unfinishedUploads()).map(([fingerprint, { name, size }]) => newUpload(fingerprint, { name, size, state: "interrupted" }));
  uploads.value = found;
  for (const each of found) refreshInterrupted(each);
}

/** Fetch the status of an interrupted upload. It may have been finished or discarded since. */
async function refreshInterrupted(upload) {
  try {
    const { offset, dataId } = await uploadStatus(unfinishedUploads()[upload.fingerprint].path);
    upload.sent.value = offset;
    if (!dataId) return;
    removeUnfinished(upload.fingerprint);
    upload.dataId.value = dataId;
    upload.state.value = "done";
  } catch (error) {
    if (error.status !== 404) return;
    removeUnfinished(upload.fingerprint);
    uploads.update((all) => all.filter((each) => each !== upload));
  }
}

// Uploads belong to one account: when another user signs in, they stop and are no longer listed.
effect(() => {
  const name = session.value?.account.username ?? null;
  if (name === owner) return;
  owner = name;
  for (const each of uploads.peek()) each.sending?.abort(new DOMException("The user signed out", "AbortError"));
  uploads.value = [];
  if (name) restoreUnfinished();
});

window.addEventListener("beforeunload", (event) => {
  if (uploads.peek().some((each) => ACTIVE_STATES.has(each.state.peek()))) event.preventDefault(); // the browser asks before it leaves the page
});
