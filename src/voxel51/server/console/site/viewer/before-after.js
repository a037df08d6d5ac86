/** A video output beside its input: the same frame before and after, with a divider that the user moves, or one of the two. */

import { rendition } from "../core/api.js";
import { h } from "../core/dom.js";
import { effect, onEnd, signal } from "../core/reactive.js";

/** Difference of the two clocks, in seconds, from which the input is set to the time of the output. */
const DRIFT_SECONDS = 0.04;
/** Difference of the lengths up to which the two videos show the same, frame by frame. */
const MOST_SECONDS_APART = 0.5;
const VIEWS = [
  ["split", "Before and after"],
  ["before", "Before"],
  ["after", "After"],
];

/**
 * The output plays with the browser's controls. The input lies above it, follows its clock, and is clipped at the divider.
 *
 * @param {HTMLVideoElement} after the output
 * @param {string} dataId of the input
 */
export function beforeAfter(after, dataId) {
  const view = signal("after");
  const share = signal(50);
  const isReady = signal(false);
  const failure = signal("");
  const before = h("video.before", { muted: true, playsinline: true, preload: "auto", tabindex: "-1", "aria-hidden": "true" });
  before.muted = true;
  const abort = new AbortController();
  onEnd(() => abort.abort());
  rendition(`/data/${encodeURIComponent(dataId)}/renditions/playable`, {}, { signal: abort.signal }).then(
    (source) => (before.src = source),
    (error) => {
      if (error.name !== "AbortError") failure.value = `The video before cannot be shown: ${error.message}`;
    },
  );
  keepInStep(before, after);
  const start = () => {
    if (isReady.peek() || !(before.readyState && after.readyState)) return;
    if (Math.abs(before.duration - after.duration) > MOST_SECONDS_APART) failure.value = "The video before has another length, so it is not shown in step.";
    else [isReady.value, view.value] = [true, "split"];
  };
  for (const video of [before, after]) video.addEventListener("loadedmetadata", start);
  const stack = h("div.before-after", { "data-view": () => view.value }, after, before, h("span.divider", { "aria-hidden": "true" }));
  effect(() => {
    const shown = { split: share.value, before: 100, after: 0 }[view.value];
    stack.style.setProperty("--share", `${shown}%`);
  });
  const choice = ([name, title]) => h("button", { type: "button", "aria-pressed": () => String(view.value === name), disabled: () => name !== "after" && !isReady.value, onclick: () => (view.value = name) }, title);
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: 50, "aria-label": "Divider between before and after", hidden: () => view.value !== "split", oninput: ({ target }) => (share.value = Number(target.value)) });
  return [
    stack,
    h("div.before-after-tools", {}, h("div.choices", { role: "group", "aria-label": "Video shown" }, VIEWS.map(choice)), slider),
    () => failure.value && h("p.muted", { role: "status" }, failure.value),
  ];
}

/** Play, pause, seek and speed up `follower` as `leader`, and correct it while both play. */
function keepInStep(follower, leader) {
  const align = () => {
    if (Math.abs(follower.currentTime - leader.currentTime) > DRIFT_SECONDS) follower.currentTime = leader.currentTime;
  };
  const play = () => follower.play().catch(() => {}); // without a source yet: `loadeddata` catches up
  const catchUp = () => {
    align();
    if (!leader.paused) play();
  };
  const listeners = {
    play: catchUp,
    pause: () => {
      follower.pause();
      follower.currentTime = leader.currentTime;
    },
    seeking: () => (follower.currentTime = leader.currentTime),
    seeked: () => (follower.currentTime = leader.currentTime),
    timeupdate: align,
    ratechange: () => (follower.playbackRate = leader.playbackRate),
  };
  for (const [name, listener] of Object.entries(listeners)) leader.addEventListener(name, listener);
  follower.addEventListener("loadeddata", catchUp);
}
