/** Small pictures that stand for videos, made and fetched when they come into view, a few at once. */

import { h } from "../core/dom.js";
import { pause, rendition } from "../core/api.js";
import { onEnd, signal } from "../core/reactive.js";
import { icon } from "./icons.js";

const AT_ONCE = 3;
const LOOK_MILLISECONDS = 700;

/** Addresses of pictures by what they are of, null where there can be none; they are the same until the page is left. */
const known = new Map();
const queue = [];
let busy = 0;

/** The poster of the data `dataId`; a pictogram until it is there, and where there can be none. */
export function poster(dataId, { width = 320 } = {}) {
  const key = `${dataId} ${width}`;
  const found = signal(known.get(key));
  const frame = h(
    "span.poster",
    { class: () => (found.value === undefined ? "making" : found.value ? "" : "none") },
    () => (found.value ? h("img", { src: found.value, alt: "", decoding: "async" }) : icon("data")),
  );
  if (!known.has(key)) whenSeen(frame, (left) => ask({ dataId, width, key, found, left }));
  return frame;
}

/** Call `run` once `element` has come into view, with what is aborted when its page is left. */
function whenSeen(element, run) {
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

function ask(wanted) {
  queue.push(wanted);
  askNext();
}

function askNext() {
  while (busy < AT_ONCE && queue.length) {
    const wanted = queue.shift();
    if (wanted.left.aborted) continue;
    busy += 1;
    fetchPicture(wanted).finally(() => {
      busy -= 1;
      askNext();
    });
  }
}

async function fetchPicture({ dataId, width, key, found, left }) {
  try {
    // By short requests: one that waits would hold one of the browser's few connections.
    const onProgress = () => pause(LOOK_MILLISECONDS, left);
    found.value = await rendition(`/data/${encodeURIComponent(dataId)}/renditions/poster`, { width }, { signal: left, onProgress, wait: 0 });
    known.set(key, found.value);
  } catch (error) {
    if (error.name === "AbortError") return;
    found.value = null; // no video, or one that cannot be read
    if (error.status === 400) known.set(key, null);
  }
}
