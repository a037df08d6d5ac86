/** Posters: still images of videos and of results, requested when they come into view, a few at a time. */

import { h } from "../core/dom.js";
import { pause, rendition } from "../core/api.js";
import { onEnd, signal } from "../core/reactive.js";
import { icon } from "./icons.js";

const MAX_CONCURRENT = 3;
const POLL_MILLISECONDS = 700;

/** URLs of pictures by request; null for data without a picture. */
const known = new Map();
const queue = [];
let busy = 0;

/**
 * The poster of a video; an icon until it is made, and for data that is not a video.
 *
 * @param {(reason: string) => void} [options.onFailure] called if the platform cannot decode the file
 */
export const poster = (dataId, { width = 320, onFailure } = {}) => picture(`/data/${encodeURIComponent(dataId)}/renditions/poster`, { width }, "data", onFailure);

/** The poster of a video in a collection, which may belong to another user. */
export const memberPoster = (collectionId, dataId) => picture(`/collections/${encodeURIComponent(collectionId)}/data/${encodeURIComponent(dataId)}/poster`, {}, "data");

/** Names of files that have no poster: audio, images, and files that are not media. */
const WITHOUT_POSTER = /\.(mp3|m4a|wav|flac|aac|ogg|opus|png|jpe?g|webp|bmp|tiff?|txt|md|csv|json|xml|ya?ml|pdf|zip|gz|tar|parquet|onnx)$/i;
const AUDIO = /\.(mp3|m4a|wav|flac|aac|ogg|opus)$/i;

/** The poster of a file of which only the name is known; an icon for names of other files, and without a file (`null`). */
export function posterOf(dataId, filename, options) {
  if (filename !== null && !WITHOUT_POSTER.test(filename)) return poster(dataId, options);
  return h("span.poster.none", {}, icon(filename === null ? "data" : AUDIO.test(filename) ? "volume" : "docs"));
}

/** One frame of a job's video with the labels drawn into it; an icon until it is made, and for outputs without labels. */
export const resultFrame = (jobId, number, { width = 320 } = {}) => picture(`/jobs/${encodeURIComponent(jobId)}/renditions/frame`, { number, width }, "analytics");

function picture(path, query, symbol, onFailure) {
  const key = `${path} ${JSON.stringify(query)}`;
  const found = signal(known.get(key));
  const frame = h(
    "span.poster",
    { class: () => (found.value === undefined ? "making" : found.value ? "" : "none") },
    () => (found.value ? h("img", { src: found.value, alt: "", decoding: "async" }) : icon(symbol)),
  );
  if (!known.has(key)) whenVisible(frame, (left) => enqueue({ path, query, key, found, left, onFailure }));
  return frame;
}

/** Call `run` once `element` comes into view, with a signal that is aborted when the page is left. */
function whenVisible(element, run) {
  const left = new AbortController();
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    run(left.signal);
  });
  observer.observe(element);
  onEnd(() => {
    observer.disconnect();
    left.abort();
  });
}

function enqueue(wanted) {
  queue.push(wanted);
  fetchNext();
}

function fetchNext() {
  while (busy < MAX_CONCURRENT && queue.length) {
    const wanted = queue.shift();
    if (wanted.left.aborted) continue;
    busy += 1;
    fetchPicture(wanted).finally(() => {
      busy -= 1;
      fetchNext();
    });
  }
}

async function fetchPicture({ path, query, key, found, left, onFailure }) {
  try {
    // Short requests with pauses: a request held open by the platform would occupy one of the browser's six connections.
    const onProgress = () => pause(POLL_MILLISECONDS, left);
    found.value = await rendition(path, query, { signal: left, onProgress, wait: 0 });
    known.set(key, found.value);
  } catch (error) {
    if (error.name === "AbortError") return;
    found.value = null; // not a video, or one that cannot be decoded
    if (error.status !== 400) return;
    known.set(key, null);
    onFailure?.(error.message);
  }
}
