/** Getting a job's labels into the page, whatever their size. */

import { send } from "../../core/api.js";
import { labelsOf } from "../model/labels.js";
import { startWorker } from "./start-worker.js";

/** The output is nothing that can be read as labels; the text says why. */
export class NoLabels extends Error {}

/**
 * The labels at `path` of the API.
 *
 * @param {(fraction: number) => void} onProgress
 * @throws {NoLabels}
 */
export async function readLabels(path, { signal, onProgress } = {}) {
  const response = await send("GET", path, { signal });
  const total = Number(response.headers.get("content-length")) || 0;
  const worker = startWorker(new URL("./label-worker.js", import.meta.url));
  try {
    const reader = response.body.getReader();
    for (let read = 0; ; ) {
      const { value, done } = await reader.read();
      const answer = await asked(worker, done ? { isLast: true } : { chunk: value }, signal);
      if (answer.packed?.isLabels === false) throw new NoLabels("nothing in it is known of labels");
      if (answer.packed) return labelsOf(answer.packed);
      read += value.length;
      if (total) onProgress?.(read / total);
    }
  } finally {
    worker.terminate();
  }
}

/** One message to the worker, and its answer: so no more is read than it can take. */
function asked(worker, message, signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }) => (data.failure ? reject(new NoLabels(data.failure)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message || "the reader of labels could not be started"));
    worker.postMessage(message, message.chunk ? [message.chunk.buffer] : []);
  });
}
