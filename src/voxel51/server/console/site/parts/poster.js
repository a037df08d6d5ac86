/** A picture that stands for a video; it is made when it is first seen. */

import { h } from "../core/dom.js";
import { rendition } from "../core/api.js";
import { onEnd } from "../core/reactive.js";
import { icon } from "./icons.js";

/** The poster of the data `dataId`; a pictogram until it is there, and where there can be none. */
export function poster(dataId, { width = 320 } = {}) {
  const frame = h("span.poster", {}, icon("data"));
  const abort = new AbortController();
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    show(frame, dataId, width, abort.signal);
  });
  watch.observe(frame);
  onEnd(() => {
    watch.disconnect();
    abort.abort();
  });
  return frame;
}

async function show(frame, dataId, width, signal) {
  try {
    const address = await rendition(`/data/${encodeURIComponent(dataId)}/renditions/poster`, { width }, { signal });
    frame.replaceChildren(h("img", { src: address, alt: "", loading: "lazy" }));
  } catch (error) {
    if (error.name !== "AbortError") frame.classList.add("none"); // no video, or one that cannot be read: the pictogram stays
  }
}
