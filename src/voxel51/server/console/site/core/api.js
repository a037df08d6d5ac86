/**
 * Requests to the platform's public API: the same that any program may send, with the session's cookie as credential.
 */

import { signInAgain } from "./session.js";

const BASE = "/v1";
const READING = new Set(["GET", "HEAD"]);
const TRIES = 4;
const WAIT_SECONDS = 10;
const AGAIN_MILLISECONDS = 1000;

/** The platform refused. `status` is that of HTTP; the message is the platform's own and may be shown. */
export class Refused extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** No answer came: the network or the platform is away. */
export class Unreachable extends Error {
  constructor() {
    super("The platform cannot be reached. Check the connection; it will be tried again.");
    this.name = "Unreachable";
  }
}

/** The address of a path of the API, for links, pictures and videos. */
export function address(path, query) {
  const text = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== ""));
  return BASE + path + (text.size ? `?${text}` : "");
}

/**
 * Send a request; returns the `Response`, whatever is in it.
 *
 * Reading is tried again while the platform cannot be reached; what changes something carries an idempotency key.
 * Where the session is over, somebody signs in again and the request is repeated.
 *
 * @param {object} options `query`, `json` (a body), `form` (FormData), `body` (anything else), `headers`, `signal`
 * @throws {Refused} any status from 400 on
 * @throws {Unreachable} no answer
 */
export async function send(method, path, options = {}) {
  const request = prepare(method, options);
  let response = await fetched(address(path, options.query), request, READING.has(method) ? TRIES : 1);
  if (response.status === 401 && !options.signsIn && (await signInAgain())) {
    response = await fetched(address(path, options.query), request, 1);
  }
  if (response.status >= 400) throw await refusal(response);
  return response;
}

/**
 * Send a form with a large file in it, telling how much of it has gone; resolves to the JSON of the answer, if any.
 *
 * @param {(fraction: number) => void} onProgress
 */
export async function upload(path, { query, form, onProgress, signal }) {
  let answer = await posted(address(path, query), form, onProgress, signal);
  if (answer.status === 401 && (await signInAgain())) answer = await posted(address(path, query), form, onProgress, signal);
  if (answer.status >= 400) throw await refusal(answer);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** Send a request and read the JSON of its answer; null where there is none. */
export async function call(method, path, options = {}) {
  const response = await send(method, path, options);
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return isJson ? response.json() : null;
}

export const get = (path, query, options) => call("GET", path, { query, ...options });

/**
 * Ask for a rendition until it is there.
 *
 * @param {(making: {state, fraction}) => void} onProgress while it is being made
 * @param {number} wait seconds for which one request may wait; browsers have few connections to a host, so whoever asks
 *   for many waits between short requests instead (`onProgress` may return a promise)
 * @returns {Promise<string>} its address, which answers with the file
 */
export async function rendition(path, query, { signal, onProgress, wait = WAIT_SECONDS } = {}) {
  for (;;) {
    const began = performance.now();
    const response = await send("GET", path, { query: { ...query, wait }, signal, headers: { Range: "bytes=0-0" } });
    if (response.status !== 202) {
      await response.body?.cancel();
      return address(path, query);
    }
    await onProgress?.(await response.json());
    // Most answers are held back until there is something to tell; who is a stranger is answered at once.
    await pause(Math.max(0, AGAIN_MILLISECONDS - (performance.now() - began)), signal);
  }
}

/** Save what the API answers at `path` as a file of the browser's downloads. */
export function download(path, query, filename) {
  const link = document.createElement("a");
  link.href = address(path, query);
  link.download = filename ?? "";
  link.click();
}

/** Save `content` as a file of the browser's downloads. */
export function save(content, filename, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A key that no other request has. `crypto.randomUUID` is missing where pages come by plain HTTP. */
export function uniqueKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function prepare(method, { json, form, body, headers = {}, signal }) {
  const own = { ...headers };
  if (json !== undefined) own["Content-Type"] = "application/json";
  if (method === "POST" && !form && body === undefined) own["Idempotency-Key"] ??= uniqueKey();
  return { method, headers: own, body: json === undefined ? (form ?? body) : JSON.stringify(json), signal };
}

/** `fetch` does not tell how much of a body has gone; this does. */
function posted(url, form, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => {
      const hasBody = ![204, 205, 304].includes(request.status);
      const headers = { "retry-after": request.getResponseHeader("retry-after") ?? "" };
      resolve(new Response(hasBody ? request.responseText : null, { status: request.status, statusText: request.statusText, headers }));
    };
    request.onerror = () => reject(new Unreachable());
    request.onabort = () => reject(signal.reason);
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

async function fetched(url, request, tries) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(url, request);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (attempt >= tries) throw new Unreachable();
      await pause(250 * 2 ** attempt, request.signal);
    }
  }
}

/** Wait; an abort of `signal` ends it with its reason. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
  });
}

async function refusal(response) {
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  try {
    const { error } = await response.json();
    return new Refused(response.status, error.message, retryAfter);
  } catch {
    return new Refused(response.status, `The platform answered ${response.status} ${response.statusText}`, retryAfter);
  }
}
