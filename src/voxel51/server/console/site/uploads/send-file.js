/** Sending one file in chunks, through network failures, restarts of the platform and expired sessions. */

import { Unreachable, pause, uniqueKey } from "../core/api.js";
import { reauthenticate } from "../core/session.js";
import { removeUnfinished, saveUnfinished, unfinishedUploads } from "./unfinished-uploads.js";
import { createUpload, sendChunk, uploadStatus } from "./tus.js";

const CHUNK_BYTES = 16 * 1024 * 1024;
const MIN_BACKOFF_MILLISECONDS = 1000;
const MAX_BACKOFF_MILLISECONDS = 30_000;
const MAX_FAILURES = 5; // in a row, for errors that may be permanent
const TRANSIENT_STATUSES = new Set([408, 409, 423, 429, 502, 503, 504]);
const INSUFFICIENT_STORAGE = 507;

/** The bytes of a file can no longer be read. */
export class UnreadableFile extends Error {
  constructor(name) {
    super(`${name} cannot be read: it was changed, moved or deleted. Choose the file again.`);
    this.name = "UnreadableFile";
  }
}

/**
 * Send `upload.file` from the offset that the platform has; resolves to the id of the new data.
 *
 * @param {{fingerprint, file, name, size, type, expires}} upload
 * @param {(sent: number) => void} callbacks.onProgress called with the bytes that are sent or on their way
 * @param {(error: Error) => void} callbacks.onRetry called when an attempt failed and another will follow
 */
export async function sendFile(upload, callbacks, signal) {
  const attempt = { failures: 0, key: uniqueKey() };
  for (;;) {
    try {
      return await sendRest(upload, callbacks, attempt, signal);
    } catch (error) {
      signal.throwIfAborted();
      await recover(error, upload, attempt, callbacks, signal);
    }
  }
}

/** Wait until another attempt makes sense; throws if `error` is permanent. */
async function recover(error, { file, name, fingerprint }, attempt, callbacks, signal) {
  // A file that changed on disk fails like a network error, so ask the file itself.
  if (!(await isReadable(file))) throw new UnreadableFile(name);
  attempt.failures += 1;
  if (error.status === 401 && (await reauthenticate())) return;
  if (error.status === 404 && attempt.failures < MAX_FAILURES) {
    removeUnfinished(fingerprint); // the platform has discarded the upload: start again from the first byte
    attempt.key = uniqueKey();
    return;
  }
  const isServerError = error.status >= 500 && error.status !== INSUFFICIENT_STORAGE && attempt.failures < MAX_FAILURES;
  const isTransient = error instanceof Unreachable || TRANSIENT_STATUSES.has(error.status) || isServerError;
  if (!isTransient) throw error;
  callbacks.onRetry(error);
  await backOff(attempt.failures, error.retryAfter, signal);
}

async function sendRest(upload, callbacks, attempt, signal) {
  const { path, ...status } = await findOrCreate(upload, attempt.key, signal);
  let { offset, dataId } = status;
  while (!dataId) {
    callbacks.onProgress(offset);
    const from = offset;
    const chunk = upload.file.slice(from, from + CHUNK_BYTES);
    const options = { onProgress: (bytes) => callbacks.onProgress(from + bytes), signal };
    if (chunk.size) ({ offset, dataId } = await sendChunk(path, from, chunk, options));
    else {
      // All bytes have arrived, but there is no data yet: an earlier request, whose response was lost, is finishing it.
      await pause(MIN_BACKOFF_MILLISECONDS, signal);
      ({ offset, dataId } = await uploadStatus(path, signal));
    }
    attempt.failures = 0;
  }
  removeUnfinished(upload.fingerprint);
  return dataId;
}

/** Return the path and status of the upload that this browser remembers for the file, or of a new one. */
async function findOrCreate(upload, key, signal) {
  const known = unfinishedUploads()[upload.fingerprint];
  if (known) return { path: known.path, ...(await uploadStatus(known.path, signal)) };
  const { name, size, type, expires } = upload;
  const created = await createUpload({ size, metadata: { filename: name, filetype: type, data_ttl: expires } }, key, signal);
  saveUnfinished(upload.fingerprint, { path: created.path, name, size });
  return created;
}

async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Wait with exponential back-off and jitter, or as long as the platform says; being online again ends the wait. */
async function backOff(failures, retryAfterSeconds, signal) {
  const exponential = Math.min(MAX_BACKOFF_MILLISECONDS, MIN_BACKOFF_MILLISECONDS * 2 ** Math.min(failures - 1, 10));
  const wait = retryAfterSeconds ? retryAfterSeconds * 1000 : exponential * (0.75 + Math.random() / 2);
  const over = new AbortController();
  const online = new Promise((resolve) => window.addEventListener("online", resolve, { once: true, signal: over.signal }));
  try {
    await Promise.race([pause(wait, signal), online]);
  } finally {
    over.abort();
  }
}
