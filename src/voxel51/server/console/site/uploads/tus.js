/** Resumable uploads: the client side of the tus 1.0.0 protocol, for `/v1/data/uploads`. */

import { ApiError, Unreachable, address, send } from "../core/api.js";

const PROTOCOL = { "Tus-Resumable": "1.0.0" };
const STALL_MILLISECONDS = 60_000;

/**
 * Create an upload (tus: creation).
 *
 * @param {object} file `size` in bytes, and `metadata`: texts by name (filename, filetype, data_ttl)
 * @param {string} key idempotency key: a repeated request does not create a second upload
 * @returns {Promise<{path, offset, dataId}>}
 */
export async function createUpload({ size, metadata }, key, signal) {
  const headers = { ...PROTOCOL, "Upload-Length": String(size), "Upload-Metadata": headerOf(metadata), "Idempotency-Key": key };
  const response = await send("POST", "/data/uploads", { headers, signal });
  const id = response.headers.get("location").split("/").at(-1);
  return { path: `/data/uploads/${encodeURIComponent(id)}`, ...statusOf((name) => response.headers.get(name)) };
}

/** Return how many bytes the platform has, and the id of the data if the upload is complete (tus: HEAD). */
export async function uploadStatus(path, signal) {
  const response = await send("HEAD", path, { headers: PROTOCOL, signal });
  return statusOf((name) => response.headers.get(name));
}

/** Discard an upload (tus: termination). */
export const deleteUpload = (path) => send("DELETE", path, { headers: PROTOCOL });

/**
 * Send the bytes of `chunk` at `offset` (tus: PATCH).
 *
 * With XMLHttpRequest, since `fetch` does not report the progress of a body. A connection without progress for a minute is
 * aborted: browsers do not notice by themselves that the other side is gone.
 *
 * @param {(bytes: number) => void} onProgress called with the bytes of this chunk that are sent
 */
export function sendChunk(path, offset, chunk, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const restartTimer = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALL_MILLISECONDS);
    };
    const stop = () => request.abort();
    request.upload.onprogress = (event) => {
      restartTimer();
      onProgress(event.loaded);
    };
    request.upload.onload = () => clearTimeout(timer); // the response may take long: after the last chunk the platform checks the whole file
    request.onload = () => {
      if (request.status < 400) resolve(statusOf((name) => request.getResponseHeader(name)));
      else reject(errorOf(request));
    };
    request.onerror = () => reject(new Unreachable());
    request.onabort = () => reject(signal.aborted ? signal.reason : new Unreachable());
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    };
    signal.throwIfAborted();
    signal.addEventListener("abort", stop);
    request.open("PATCH", address(path));
    for (const [name, value] of Object.entries({ ...PROTOCOL, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" })) {
      request.setRequestHeader(name, value);
    }
    restartTimer();
    request.send(chunk);
  });
}

const statusOf = (header) => ({ offset: Number(header("upload-offset")), dataId: header("x-voxel51-data-id") });

function errorOf(request) {
  const retryAfter = Number(request.getResponseHeader("retry-after")) || undefined;
  try {
    return new ApiError(request.status, JSON.parse(request.responseText).error.message, retryAfter);
  } catch {
    return new ApiError(request.status, `The upload failed: ${request.status} ${request.statusText}`, retryAfter);
  }
}

/** Encode metadata for the header `Upload-Metadata`: pairs of a name and a value in base64, separated by commas. */
function headerOf(metadata) {
  return Object.entries(metadata)
    .filter(([, text]) => text)
    .map(([name, text]) => `${name} ${base64(text)}`)
    .join(",");
}

/** Encode the UTF-8 bytes of a text in base64; `btoa` accepts Latin-1 only. */
const base64 = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
