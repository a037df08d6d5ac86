/** Labels that a job has found so far: fetched in parts while the job runs, and kept if it fails. */

import { get, send } from "../../core/api.js";
import { currentScope, signal } from "../../core/reactive.js";
import { showError } from "../../parts/notices.js";
import { labelsOf } from "../model/labels.js";
import { request, startWorker } from "./read-labels.js";

/**
 * Return the partial labels of a job until the scope ends.
 *
 * @param {string} path of the resource, such as that of `partialPath`
 * @returns {{labels: {value}, hasAny: () => boolean, refresh: () => void}} `labels` is a signal of `labelsOf`, or null before the
 *   first; `refresh` fetches what is new
 */
export function partialLabels(path) {
  const labels = signal(null);
  const abort = new AbortController();
  let worker = null;
  let cursor = "";
  let [isFetching, isOutdated] = [false, false];
  currentScope()?.onEnd(() => {
    abort.abort();
    worker?.terminate();
  });

  /** Fetch what is new. Calls during a fetch cause one more after it. */
  async function refresh() {
    isOutdated = true;
    if (isFetching) return;
    isFetching = true;
    try {
      while (isOutdated) {
        isOutdated = false;
        while (await fetchPage());
      }
    } catch (error) {
      if (error.name !== "AbortError") showError(error); // otherwise the page was left
    } finally {
      isFetching = false;
    }
  }

  /** Fetch the parts after the cursor; returns whether there are more. */
  async function fetchPage() {
    const response = await send("GET", path, { query: { after: cursor }, signal: abort.signal });
    const reply = await response.arrayBuffer();
    worker ??= startWorker();
    const read = await request(worker, { reply }, abort.signal);
    cursor = read.cursor;
    if (read.packed) labels.value = labelsOf(read.packed);
    return read.hasMore;
  }

  return { labels, hasAny: () => Boolean(labels.value) && !labels.value.isEmpty, refresh };
}

/** Return all partial labels of a job as the text of a labels file. */
export async function partialLabelsFile(path) {
  const [frames, events] = [{}, []];
  for (let [cursor, hasMore] = ["", true]; hasMore; ) {
    const reply = await get(path, { after: cursor });
    for (const part of reply.parts) {
      Object.assign(frames, part.frames);
      events.push(...(part.events?.events ?? []));
    }
    [cursor, hasMore] = [reply.cursor, reply.has_more];
  }
  return JSON.stringify({ frames, events: { events } });
}

/** Path of the partial labels of one of the user's jobs. */
export const partialPath = (jobId) => `/jobs/${encodeURIComponent(jobId)}/partial`;

