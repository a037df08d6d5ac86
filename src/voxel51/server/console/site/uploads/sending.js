/** Sending one file, whatever comes between: a network that is away, a platform that starts again, a session that ends. */

import { Unreachable, pause, uniqueKey } from "../core/api.js";
import { signInAgain } from "../core/session.js";
import { forgetMemory, remember, remembered } from "./memory.js";
import { append, begin, stand } from "./tus.js";

const PIECE_BYTES = 16 * 1024 * 1024;
const SHORTEST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;
const TRIES_OF_ERRORS = 5;
const PASSING = new Set([408, 409, 423, 429, 502, 503, 504]);

/** What becomes of a file whose bytes cannot be read any more. */
export class Unreadable extends Error {
  constructor(name) {
    super(`${name} cannot be read any more: it was changed, moved or deleted. Choose it again.`);
    this.name = "Unreadable";
  }
}

/**
 * Send `upload.file` from where it is; resolves to the id of the data that it became.
 *
 * @param {{print, file, name, size, type, expires}} upload
 * @param {(sent: number) => void} tell.onProgress bytes that have arrived or are under way
 * @param {(error: Error) => void} tell.onAway it will be tried again after this error, until `onProgress` is told
 */
export async function sendFile(upload, tell, signal) {
  const counted = { failures: 0, key: uniqueKey() };
  for (;;) {
    try {
      return await sendRest(upload, tell, counted, signal);
    } catch (error) {
      signal.throwIfAborted();
      await outlive(error, upload, counted, tell, signal);
    }
  }
}

/** Wait until what `error` tells of may be over; throws where it will not be. */
async function outlive(error, { file, name, print }, counted, tell, signal) {
  if (!(await isReadable(file))) throw new Unreadable(name);
  counted.failures += 1;
  if (error.status === 401 && (await signInAgain())) return;
  if (error.status === 404 && counted.failures < TRIES_OF_ERRORS) {
    forgetMemory(print); // the platform forgot it: from the beginning
    counted.key = uniqueKey();
    return;
  }
  const isPassing = error instanceof Unreachable || PASSING.has(error.status) || (error.status >= 500 && error.status !== 507 && counted.failures < TRIES_OF_ERRORS);
  if (!isPassing) throw error;
  tell.onAway(error);
  await untilLikely(counted.failures, error.retryAfter, signal);
}

async function sendRest(upload, tell, counted, signal) {
  const { path, ...standing } = await beginning(upload, counted.key, signal);
  let { offset, dataId } = standing;
  while (!dataId) {
    tell.onProgress(offset);
    const from = offset;
    const piece = upload.file.slice(from, from + PIECE_BYTES);
    const told = { onProgress: (bytes) => tell.onProgress(from + bytes), signal };
    if (piece.size) ({ offset, dataId } = await append(path, from, piece, told));
    else {
      await pause(SHORTEST_PAUSE_MILLISECONDS, signal); // it is whole, and another request is finishing it
      ({ offset, dataId } = await stand(path, signal));
    }
    counted.failures = 0;
  }
  forgetMemory(upload.print);
  return dataId;
}

/** Where the upload goes on: where this browser knows it stopped, else at a new one. */
async function beginning(upload, key, signal) {
  const known = remembered()[upload.print];
  if (known) return { path: known.path, ...(await stand(known.path, signal)) };
  const { name, size, type, expires } = upload;
  const begun = await begin({ size, metadata: { filename: name, filetype: type, data_ttl: expires } }, key, signal);
  remember(upload.print, { path: begun.path, name, size });
  return begun;
}

async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** A pause that grows with the failures; coming back to the network ends it. */
async function untilLikely(failures, retryAfterSeconds, signal) {
  const grown = Math.min(LONGEST_PAUSE_MILLISECONDS, SHORTEST_PAUSE_MILLISECONDS * 2 ** Math.min(failures - 1, 10));
  const wait = retryAfterSeconds ? retryAfterSeconds * 1000 : grown * (0.75 + Math.random() / 2);
  const over = new AbortController();
  const online = new Promise((resolve) => window.addEventListener("online", resolve, { once: true, signal: over.signal }));
  try {
    await Promise.race([pause(wait, signal), online]);
  } finally {
    over.abort();
  }
}
