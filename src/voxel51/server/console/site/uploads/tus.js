/** Uploads in pieces by the protocol tus 1.0.0, as the platform speaks it at `/v1/data/uploads`. */

import { Refused, Unreachable, address, send } from "../core/api.js";

const PROTOCOL = { "Tus-Resumable": "1.0.0" };
const STILL_MILLISECONDS = 60_000;

/**
 * Begin an upload.
 *
 * @param {object} file `size` in bytes, and `metadata`: texts by name (filename, filetype, data_ttl)
 * @param {string} key of the request: a repetition begins no second one
 * @returns {Promise<{path, offset, dataId}>} where it goes on
 */
export async function begin({ size, metadata }, key, signal) {
  const headers = { ...PROTOCOL, "Upload-Length": String(size), "Upload-Metadata": headerOf(metadata), "Idempotency-Key": key };
  const response = await send("POST", "/data/uploads", { headers, signal });
  const id = response.headers.get("location").split("/").at(-1);
  return { path: `/data/uploads/${encodeURIComponent(id)}`, ...standing((name) => response.headers.get(name)) };
}

/** How many bytes an upload has, and the data that it became if it is whole. */
export async function stand(path, signal) {
  const response = await send("HEAD", path, { headers: PROTOCOL, signal });
  return standing((name) => response.headers.get(name));
}

/** Forget an upload. */
export const forget = (path) => send("DELETE", path, { headers: PROTOCOL });

/**
 * Send the bytes of `piece`, which follow the first `offset`.
 *
 * By XMLHttpRequest, since no other way tells how much is under way. A connection on which nothing moves for a minute is
 * given up: it may be dead unnoticed.
 *
 * @param {(bytes: number) => void} onProgress bytes of this piece that are sent
 */
export function append(path, offset, piece, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STILL_MILLISECONDS);
    };
    const stop = () => request.abort();
    request.upload.onprogress = (event) => {
      alive();
      onProgress(event.loaded);
    };
    request.upload.onload = () => clearTimeout(timer); // what comes now may take long: the platform looks at the whole
    request.onload = () => {
      if (request.status < 400) resolve(standing((name) => request.getResponseHeader(name)));
      else reject(refusal(request));
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
    alive();
    request.send(piece);
  });
}

const standing = (header) => ({ offset: Number(header("upload-offset")), dataId: header("x-voxel51-data-id") });

function refusal(request) {
  const retryAfter = Number(request.getResponseHeader("retry-after")) || undefined;
  try {
    return new Refused(request.status, JSON.parse(request.responseText).error.message, retryAfter);
  } catch {
    return new Refused(request.status, `The platform answered ${request.status} ${request.statusText}`, retryAfter);
  }
}

function headerOf(metadata) {
  return Object.entries(metadata)
    .filter(([, text]) => text)
    .map(([name, text]) => `${name} ${base64(text)}`)
    .join(",");
}

/** Base64 of the text in UTF-8, which `btoa` alone cannot do. */
const base64 = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
