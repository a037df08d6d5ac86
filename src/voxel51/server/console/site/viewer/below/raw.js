/** The labels as the file has them: those of the frame that is shown, or all. */

import { h } from "../../core/dom.js";
import { effect, signal } from "../../core/reactive.js";
import { get, send } from "../../core/api.js";
import { count } from "../../core/format.js";
import { failure } from "../../parts/load.js";
import { jsonTree } from "../../parts/json.js";
import { copyButton, loading } from "../../parts/show.js";
import { button } from "../../parts/form.js";

const MOST_BYTES = 8_000_000;
const STILL_MILLISECONDS = 200;

/** @param {string} path of the output */
export function rawLabels(view, player, path) {
  const showsAll = signal(false);
  const { starts, ends } = view.labels.pieces;
  const isSmall = (ends.at(-1) ?? 0) < MOST_BYTES;
  const either = (isAll, title, disabled = false) =>
    h("button", { type: "button", "aria-pressed": () => String(showsAll.value === isAll), disabled, onclick: () => (showsAll.value = isAll) }, title);
  return h(
    "div.raw",
    {},
    h("div.raw-tools", { role: "group", "aria-label": "Which labels" }, either(false, "This frame"), either(true, "The whole file", !isSmall), !isSmall && h("span.soft", {}, "The whole file is too large to be shown here; download it.")),
    () => (showsAll.value ? whole(path) : ofFrame(view, player, path, starts, ends)),
  );
}

function whole(path) {
  const state = signal({});
  get(path).then(
    (value) => (state.value = { value }),
    (error) => (state.value = { error }),
  );
  return () => {
    const { value, error } = state.value;
    if (error) return failure(error);
    return value === undefined ? loading() : jsonBox(value);
  };
}

function ofFrame(view, player, path, starts, ends) {
  const state = signal({ text: "" });
  effect(() => {
    const frame = player.shown.value;
    if (player.isPlaying.value || !frame) return;
    const position = positionOf(view.labels.pieces.frames, frame);
    if (position === null) {
      state.value = { text: `The file says nothing under frame ${count(frame)} itself; what it says of tracks and events stands with these.` };
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
    }, STILL_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  });
  return () => {
    const { value, error, text, frame } = state.value;
    if (error) return failure(error);
    if (value === undefined) return h("p.soft", {}, text);
    return [h("p.soft", {}, `Frame ${count(frame)}`), jsonBox(value)];
  };
}

function jsonBox(value) {
  const isText = signal(false);
  const text = () => JSON.stringify(value, null, 2);
  return h(
    "div.json-box",
    {},
    h("div.json-tools", {}, h("button", { type: "button", "aria-pressed": () => String(isText.value), onclick: () => isText.update((now) => !now) }, "As plain text"), copyButton(text(), "Copy this JSON")),
    () => (isText.value ? h("pre", { tabindex: "0", "aria-label": "JSON" }, text()) : h("div.json-root", {}, jsonTree(value))),
  );
}

/** Where `frame` stands among the rising `frames`; null where it does not. */
function positionOf(frames, frame) {
  const position = frames.indexOf(frame);
  return position < 0 ? null : position;
}
