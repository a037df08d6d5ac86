/** The raw labels as JSON: those of the current frame, or the whole file. */

import { h } from "../../core/dom.js";
import { effect, signal } from "../../core/reactive.js";
import { get, send } from "../../core/api.js";
import { count } from "../../core/format.js";
import { loadError } from "../../parts/load.js";
import { jsonTree } from "../../parts/json-tree.js";
import { copyButton, loading } from "../../parts/elements.js";

const MAX_BYTES = 8_000_000;
const SETTLE_MILLISECONDS = 200;

/** @param {string} path of the output */
export function rawLabels(view, player, path) {
  const showsAll = signal(false);
  const { starts, ends } = view.labels.byteRanges;
  const isSmall = (ends.at(-1) ?? 0) < MAX_BYTES;
  const option = (isAll, title, disabled = false) =>
    h("button", { type: "button", "aria-pressed": () => String(showsAll.value === isAll), disabled, onclick: () => (showsAll.value = isAll) }, title);
  return h(
    "div.raw",
    {},
    h("div.raw-tools", { role: "group", "aria-label": "Labels to show" }, option(false, "This frame"), option(true, "Whole file", !isSmall), !isSmall && h("span.muted", {}, "The file is too large to be shown here. Download it instead.")),
    () => (showsAll.value ? wholeFile(path) : ofFrame(view, player, path, starts, ends)),
  );
}

function wholeFile(path) {
  const state = signal({});
  get(path).then(
    (value) => (state.value = { value }),
    (error) => (state.value = { error }),
  );
  return () => {
    const { value, error } = state.value;
    if (error) return loadError(error);
    return value === undefined ? loading() : jsonBox(value);
  };
}

/** The part of the file under the current frame, fetched by its byte range once the player has settled on a frame. */
function ofFrame(view, player, path, starts, ends) {
  const state = signal({ text: "" });
  effect(() => {
    const frame = player.shown.value;
    if (player.isPlaying.value || !frame) return;
    const position = positionOf(view.labels.byteRanges.frames, frame);
    if (position === null) {
      state.value = { text: `The file has no entry for frame ${count(frame)}. Labels of this frame may be stored with their tracks and events.` };
      return;
    }
    const ending = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const bytes = `bytes=${starts[position]}-${ends[position] - 1}`;
        const response = await send("GET", path, { headers: { Range: bytes }, signal: ending.signal });
        state.value = { frame, value: await response.json() };
      } catch (error) {
        if (error.name !== "AbortError") state.value = { error };
      }
    }, SETTLE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  });
  return () => {
    const { value, error, text, frame } = state.value;
    if (error) return loadError(error);
    if (value === undefined) return h("p.muted", {}, text);
    return [h("p.muted", {}, `Frame ${count(frame)}`), jsonBox(value)];
  };
}

function jsonBox(value) {
  const isText = signal(false);
  const text = () => JSON.stringify(value, null, 2);
  return h(
    "div.json-box",
    {},
    h("div.json-tools", {}, h("button", { type: "button", "aria-pressed": () => String(isText.value), onclick: () => isText.update((now) => !now) }, "Plain text"), copyButton(text(), "Copy JSON")),
    () => (isText.value ? h("pre", { tabindex: "0", "aria-label": "JSON" }, text()) : h("div.json-root", {}, jsonTree(value))),
  );
}

/** Return the position of `frame` in `frames`, or null. */
function positionOf(frames, frame) {
  const position = frames.indexOf(frame);
  return position < 0 ? null : position;
}
