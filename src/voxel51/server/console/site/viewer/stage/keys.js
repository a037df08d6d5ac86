/** The keys of a viewer, while it has the focus; fields keep theirs. */

import { h } from "../../core/dom.js";
import { dialog } from "../../parts/dialog.js";

const KEYS = [
  ["Space, K", "play or pause", [" ", "k"], ({ toggle }) => toggle()],
  ["→ or .", "a frame on", ["ArrowRight", "."], ({ step }) => step(1)],
  ["← or ,", "a frame back", ["ArrowLeft", ","], ({ step }) => step(-1)],
  ["Shift →", "a second on", ["Shift+ArrowRight"], ({ jump }) => jump(1)],
  ["Shift ←", "a second back", ["Shift+ArrowLeft"], ({ jump }) => jump(-1)],
  ["Home", "to the first frame", ["Home"], ({ go }) => go(1)],
  ["End", "to the last frame", ["End"], ({ go }) => go(Infinity)],
  ["N", "to the next frame with the selected thing, or with anything", ["n"], ({ find }) => find(1)],
  ["P", "to the previous one", ["p"], ({ find }) => find(-1)],
  ["[", "play from here on, over and over", ["["], ({ beginRange }) => beginRange()],
  ["]", "play up to here, over and over", ["]"], ({ endRange }) => endRange()],
  ["\\", "play everything again", ["\\"], ({ clearRange }) => clearRange()],
  ["+ and −", "more or less of the timeline", ["+", "="], ({ zoom }) => zoom?.(2)],
  [null, null, ["-"], ({ zoom }) => zoom?.(0.5)],
  ["0", "the whole timeline", ["0"], ({ zoom }) => zoom?.(0)],
  ["M", "sound on or off", ["m"], ({ mute }) => mute?.()],
  ["F", "full screen", ["f"], ({ fullScreen }) => fullScreen()],
  ["?", "this list", ["?"], ({ help }) => help()],
];
const BY_KEY = new Map(KEYS.flatMap(([, , names, run]) => names.map((name) => [name, run])));

/** A listener for `keydown` of the viewer. */
export function keyListener(actions) {
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyped(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const run = BY_KEY.get(event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${key}` : key);
    if (!run) return;
    event.preventDefault();
    run(actions);
  };
}

/** Show what each key does. */
export function showKeys() {
  return dialog("Keys of the viewer", () =>
    h(
      "table.keys",
      {},
      h("thead.unseen", {}, h("tr", {}, h("th", { scope: "col" }, "Key"), h("th", { scope: "col" }, "What it does"))),
      h(
        "tbody",
        {},
        KEYS.filter(([shown]) => shown).map(([shown, text]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, shown)), h("td", {}, text))),
      ),
    ),
  );
}

/** Whether the key means something to where the focus is. */
function isTyped({ target, key }) {
  if (target.closest("input, select, textarea, dialog, [role=tablist], .menu")) return true;
  const isPressed = key === " " || key === "Enter";
  if (isPressed) return Boolean(target.closest("button, a, summary"));
  return (key === "Home" || key === "End") && Boolean(target.closest(".rows"));
}
