/** Loads a job's labels, of any size: the response is streamed to a web worker that parses it. */

import { send } from "../../core/api.js";
import { BASE } from "../../site.js";
import { labelsOf } from "../model/labels.js";

/** The URL of the worker; the policy below accepts no other script. */
const WORKER_URL = new URL(`${BASE}/viewer/loading/label-worker.js`, location.href).href;

/** The page's Content-Security-Policy requires trusted types, so `Worker` needs a URL that a policy has approved. */
const policy = globalThis.trustedTypes?.createPolicy("viewer-workers", {
  createScriptURL(url) {
    if (url !== WORKER_URL) throw new TypeError(`${url} is not a worker of the viewer`);
    return url;
  },
});

/** The output cannot be read as labels; the message says why. */
export class NotLabels extends Error {}

/**
 * Load the labels at `path` of the API.
 *
 * @param {(fraction: number) => void} onProgress
 * @throws {NotLabels}
 */
export async function readLabels(path, { signal, onProgress } = {}) {
  const worker = startWorker(); // before the request, so that its script arrives meanwhile
  try {
    const response = await send("GET", path, { signal });
    const total = Number(response.headers.get("content-length")) || 0;
    const reader = response.body.getReader();
    for (let read = 0; ; ) {
      const { value, done } = await reader.read();
      const reply = await request(worker, done ? { isLast: true } : { chunk: value }, signal);
      if (reply.packed?.isLabels === false) throw new NotLabels("it has no fields of the labels format");
      if (reply.packed) return labelsOf(reply.packed);
      read += value.length;
      if (total) onProgress?.(read / total);
    }
  } finally {
    worker.terminate();
  }
}

/** Send one message to the worker and wait for its reply. So no more is downloaded than the worker has parsed. */
export function request(worker, message, signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }) => (data.failure ? reject(new NotLabels(data.failure)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message || "The worker for labels could not be started"));
    const bytes = message.chunk?.buffer ?? message.reply;
    worker.postMessage(message, bytes ? [bytes] : []);
  });
}

export function startWorker() {
  return new Worker(policy ? policy.createScriptURL(WORKER_URL) : WORKER_URL, { type: "module" });
}
