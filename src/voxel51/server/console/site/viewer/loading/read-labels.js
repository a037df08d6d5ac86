/** Loads a job's labels, of any size: the response is streamed to a web worker that parses it. */

import { send } from "../../core/api.js";
import { labelsOf } from "../model/labels.js";

/** The URL of the viewer's folder; the policy below accepts scripts from it only. */
const VIEWER_URL = new URL("..", import.meta.url).href;

/** The page's Content-Security-Policy requires trusted types, so `Worker` needs a URL that a policy has approved. */
const policy = globalThis.trustedTypes?.createPolicy("viewer-workers", {
  createScriptURL(url) {
    if (!url.startsWith(VIEWER_URL)) throw new TypeError(`${url} is not a module of the viewer`);
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
  const response = await send("GET", path, { signal });
  const total = Number(response.headers.get("content-length")) || 0;
  const worker = startWorker(new URL("./label-worker.js", import.meta.url));
  try {
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
function request(worker, message, signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }) => (data.failure ? reject(new NotLabels(data.failure)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message || "The worker for labels could not be started"));
    worker.postMessage(message, message.chunk ? [message.chunk.buffer] : []);
  });
}

function startWorker(url) {
  return new Worker(policy ? policy.createScriptURL(url.href) : url, { type: "module" });
}
