/** Requests to the platform's public API, the same as other clients send, with the session cookie as credential. */

import { reauthenticate } from "./session.js";

const BASE = "/v1";
const SAFE_METHODS = new Set(["GET", "HEAD"]);
const MAX_ATTEMPTS = 4;
const RENDITION_WAIT_SECONDS = 10;
const FIRST_WAIT_SECONDS = 1;
const RENDITION_POLL_MILLISECONDS = 1000;

/** An error response of the platform: its HTTP `status`, and its message, which may be shown to the user. */
export class ApiError extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** No response: the network or the platform is down. */
export class Unreachable extends Error {
  constructor() {
    super("The platform cannot be reached. Check your network connection; the console retries automatically.");
    this.name = "Unreachable";
  }
}

/** Return the URL of an API path, for links, images and videos. */
export function address(path, query) {
  const text = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== ""));
  return BASE + path + (text.size ? `?${text}` : "");
}

/**
 * Send a request and return the `Response`.
 *
 * Safe methods are retried while the platform cannot be reached; a POST carries an idempotency key. If the session has
 * expired, the user is asked to sign in again and the request is repeated.
 *
 * @param {object} options `query`, `json` (a body), `form` (FormData), `body` (anything else), `headers`, `signal`, and
 *   `signsIn`: whether a status of 401 is passed on without asking the user to sign in
 * @throws {ApiError} for any status from 400 on
 * @throws {Unreachable} if there is no response
 */
export async function send(method, path, options = {}) {
  const request = prepare(method, options);
  let response = await fetchWithRetries(address(path, options.query), request, SAFE_METHODS.has(method) ? MAX_ATTEMPTS : 1);
  if (response.status === 401 && !options.signsIn && (await reauthenticate())) {
    response = await fetchWithRetries(address(path, options.query), request, 1);
  }
  if (response.status >= 400) throw await errorOf(response);
  return response;
}

/**
 * Send a form that contains a large file, and report progress; resolves to the response's JSON, or null.
 *
 * @param {(fraction: number) => void} onProgress
 */
export async function upload(path, { query, form, onProgress, signal }) {
  const post = () => postWithProgress(address(path, query), form, onProgress, signal);
  let response = await post();
  if (response.status === 401 && (await reauthenticate())) response = await post();
  if (response.status >= 400) throw await errorOf(response);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** Send a request and return the JSON of its response; null if the response is not JSON. */
export async function call(method, path, options = {}) {
  const response = await send(method, path, options);
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return isJson ? response.json() : null;
}

export const get = (path, query, options) => call("GET", path, { query, ...options });

/**
 * Request a rendition, and poll until the platform has made it.
 *
 * The range of one byte avoids downloading the file twice: the page loads it from the returned URL.
 *
 * @param {object} options as of `renditionResponse`
 * @returns {Promise<string>} its URL
 */
export async function rendition(path, query, options) {
  const response = await renditionResponse(path, query, { ...options, headers: { Range: "bytes=0-0" } });
  await response.body?.cancel();
  return address(path, query);
}

/**
 * Request a rendition, poll until the platform has made it, and return the response with its content.
 *
 * The platform answers 202 while it is being made.
 *
 * @param {(progress: {state, fraction, conversions}) => void} onProgress while it is being made, for the first time after a second; may
 *   return a promise to be awaited
 * @param {number} wait seconds for which the platform may hold one request open. A browser has few connections per host,
 *   so callers that request many renditions use 0 and pause in `onProgress` instead
 */
export async function renditionResponse(path, query, { signal, onProgress, headers, wait = RENDITION_WAIT_SECONDS } = {}) {
  for (let isFirst = true; ; isFirst = false) {
    const began = performance.now();
    const response = await send("GET", path, { query: { ...query, wait: isFirst ? Math.min(wait, FIRST_WAIT_SECONDS) : wait }, signal, headers });
    if (response.status !== 202) return response;
    await onProgress?.(await response.json());
    // With a session the platform holds the request open; a share link is answered immediately and must not be polled in a tight loop.
    await pause(Math.max(0, RENDITION_POLL_MILLISECONDS - (performance.now() - began)), signal);
  }
}

/** Download the API's response at `path` as a file. */
export function download(path, query, filename) {
  const link = document.createElement("a");
  link.href = address(path, query);
  link.download = filename ?? "";
  link.click();
}

/** Download `content` as a file. */
export function save(content, filename, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Return a unique idempotency key. `crypto.randomUUID` is missing on pages served over plain HTTP. */
export function uniqueKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function prepare(method, { json, form, body, headers = {}, signal }) {
  const own = { ...headers };
  if (json !== undefined) own["Content-Type"] = "application/json";
  if (method === "POST" && !form && body === undefined) own["Idempotency-Key"] ??= uniqueKey();
  return { method, headers: own, body: json === undefined ? (form ?? body) : JSON.stringify(json), signal };
}

/** POST a form. `fetch` cannot report how much of a body is sent; XMLHttpRequest can. */
function postWithProgress(url, form, onProgress, signal) {
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

async function fetchWithRetries(url, request, attempts) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(url, request);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (attempt >= attempts) throw new Unreachable();
      await pause(250 * 2 ** attempt, request.signal);
    }
  }
}

/** Wait; rejects with the reason of `signal` if that is aborted. */
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

async function errorOf(response) {
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.message, retryAfter);
  } catch {
    return new ApiError(response.status, `The request failed: ${response.status} ${response.statusText}`, retryAfter);
  }
}
