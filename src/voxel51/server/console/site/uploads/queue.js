/**
 * The uploads of this browser: a few are sent at once, the others wait for their turn. They outlive the pages.
 *
 * States: `waiting` for its turn, `sending`, `away` (what it needs is away; it will be tried again), `paused`, `failed`,
 * `done`, and `interrupted` where the page was loaded again and the file has to be chosen once more.
 */

import { effect, onEnd, signal } from "../core/reactive.js";
import { session } from "../core/session.js";
import { textOf } from "../parts/notices.js";
import { fingerprint, forgetMemory, remembered } from "./memory.js";
import { meter } from "./meter.js";
import { Unreadable, sendFile } from "./sending.js";
import { forget, stand } from "./tus.js";

/** Browsers have six connections to a host; the events of jobs take one, and pages want theirs. */
const AT_ONCE = 2;

const UNDER_WAY = new Set(["waiting", "sending", "away"]);

/** All uploads, in the order in which they came. */
export const uploads = signal([]);

const listeners = new Set();
let owner = null;
let made = 0;

/** Call `heard` with what came (`id` and `name` of the data) whenever something came, until the scope ends. */
export function onAdded(heard) {
  listeners.add(heard);
  onEnd(() => listeners.delete(heard));
}

/** Tell all who listen that data came. */
export function tellAdded({ id, name }) {
  for (const heard of [...listeners]) heard({ id, name });
}

/** Whether an upload goes on by itself. */
export const isUnderWay = (upload) => UNDER_WAY.has(upload.state.value);

/**
 * Upload `files`. One that is under way already is not begun twice; one that was interrupted goes on.
 *
 * @param {Array<{file: File, path: string}>} files
 * @param {string} [expires] when they expire (ISO 8601)
 * @returns {{added: number, known: number}}
 */
export function upload(files, expires) {
  const present = new Map(uploads.peek().map((each) => [each.print, each]));
  const added = [];
  let known = 0;
  for (const { file, path } of files) {
    const print = fingerprint(file, path);
    const other = present.get(print);
    if (other && ["interrupted", "paused", "failed"].includes(other.state.peek())) {
      other.file = file;
      resume(other);
    } else if (other && other.state.peek() !== "done") known += 1;
    else {
      const mine = entry(print, { name: file.name, size: file.size, file, type: file.type, expires });
      present.set(print, mine);
      added.push(mine);
    }
  }
  uploads.update((all) => [...all, ...added]);
  sendNext();
  return { added: added.length, known };
}

/** Stop sending, and keep what has arrived. */
export function hold(upload) {
  if (!UNDER_WAY.has(upload.state.peek())) return;
  upload.state.value = "paused";
  stopSending(upload);
}

/** Go on with what was paused, or failed. */
export function resume(upload) {
  upload.state.value = "waiting";
  sendNext();
}

/** Stop for good: the platform forgets what has arrived. What is done stays as it is, and is only no longer shown. */
export async function dismiss(upload) {
  const path = remembered()[upload.print]?.path;
  const isDone = upload.state.peek() === "done";
  upload.state.value = "cancelled";
  stopSending(upload);
  uploads.update((all) => all.filter((each) => each !== upload));
  if (isDone || !path) return;
  forgetMemory(upload.print);
  await forget(path).catch((error) => {
    if (error.status !== 404) throw error;
  });
}

/** Show those that are done no longer. */
export const clearDone = () => uploads.update((all) => all.filter((each) => each.state.peek() !== "done"));

function entry(print, { name, size, file = null, type = "", expires, state = "waiting" }) {
  made += 1;
  return {
    id: `upload-${made}`,
    print,
    name,
    size,
    file,
    type,
    expires,
    state: signal(state),
    sent: signal(0),
    speed: signal(null),
    trouble: signal(""),
    dataId: signal(null),
    sending: null,
  };
}

function stopSending(upload) {
  upload.sending?.abort(new DOMException("stopped", "AbortError"));
  upload.sending = null;
  upload.speed.value = null;
  sendNext();
}

function sendNext() {
  const busy = uploads.peek().filter((each) => each.sending).length;
  const next = uploads.peek().filter((each) => each.state.peek() === "waiting" && !each.sending);
  for (const each of next.slice(0, Math.max(0, AT_ONCE - busy))) send(each);
}

async function send(upload) {
  const mine = (upload.sending = new AbortController());
  const moved = meter();
  upload.state.value = "sending";
  upload.trouble.value = "";
  const onProgress = (sent) => {
    if (mine.signal.aborted) return;
    moved.note(sent);
    upload.state.value = "sending";
    upload.sent.value = sent;
    upload.speed.value = moved.speed();
  };
  const onAway = (error) => {
    if (mine.signal.aborted) return;
    moved.forget();
    upload.speed.value = null;
    upload.state.value = "away";
    upload.trouble.value = textOf(error);
  };
  try {
    upload.dataId.value = await sendFile(upload, { onProgress, onAway }, mine.signal);
    upload.sent.value = upload.size;
    upload.state.value = "done";
  } catch (error) {
    if (mine.signal.aborted) return;
    upload.trouble.value = error instanceof Unreadable ? error.message : textOf(error);
    upload.state.value = "failed";
  } finally {
    if (upload.sending === mine) {
      upload.sending = null;
      upload.file = upload.state.peek() === "done" ? null : upload.file;
      sendNext();
    }
  }
  if (upload.state.peek() === "done") tellAdded({ id: upload.dataId.peek(), name: upload.name });
}

/** Show what was interrupted: its files have to be chosen again. */
function recall() {
  const found = Object.entries(remembered()).map(([print, { name, size }]) => entry(print, { name, size, state: "interrupted" }));
  uploads.value = found;
  for (const each of found) lookAt(each);
}

/** Where an interrupted upload stands. It may be finished, or forgotten, by now. */
async function lookAt(upload) {
  try {
    const { offset, dataId } = await stand(remembered()[upload.print].path);
    upload.sent.value = offset;
    if (!dataId) return;
    forgetMemory(upload.print);
    upload.dataId.value = dataId;
    upload.state.value = "done";
  } catch (error) {
    if (error.status !== 404) return;
    forgetMemory(upload.print);
    uploads.update((all) => all.filter((each) => each !== upload));
  }
}

// Uploads are one account's: another's are not its business.
effect(() => {
  const name = session.value?.account.username ?? null;
  if (name === owner) return;
  owner = name;
  for (const each of uploads.peek()) each.sending?.abort(new DOMException("signed out", "AbortError"));
  uploads.value = [];
  if (name) recall();
});

window.addEventListener("beforeunload", (event) => {
  if (uploads.peek().some((each) => UNDER_WAY.has(each.state.peek()))) event.preventDefault();
});
