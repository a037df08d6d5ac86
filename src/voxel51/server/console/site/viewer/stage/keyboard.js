/** Keyboard shortcuts of a viewer, active on the whole page that shows it; controls keep their own keys. */

import { h } from "../../core/dom.js";
import { listen } from "../../core/reactive.js";
import { dialog } from "../../parts/dialog.js";

/** Each shortcut: how it is shown (null: not listed), what it does, its keys, and the action. */
const SHORTCUTS = [
  ["Space, K", "Play or pause", [" ", "k"], ({ toggle }) => toggle()],
  ["→ or .", "Next frame", ["ArrowRight", "."], ({ step }) => step(1)],
  ["← or ,", "Previous frame", ["ArrowLeft", ","], ({ step }) => step(-1)],
  ["Shift →", "Forward 1 second", ["Shift+ArrowRight"], ({ jump }) => jump(1)],
  ["Shift ←", "Back 1 second", ["Shift+ArrowLeft"], ({ jump }) => jump(-1)],
  ["Home", "Go to start", ["Home"], ({ go }) => go(1)],
  ["End", "Go to end", ["End"], ({ go }) => go(Infinity)],
  ["N", "Next frame with the selected track, or with any box", ["n"], ({ find }) => find(1)],
  ["P", "Previous frame with the selected track, or with any box", ["p"], ({ find }) => find(-1)],
  ["[", "Start loop here", ["["], ({ startLoop }) => startLoop()],
  ["]", "End loop here", ["]"], ({ endLoop }) => endLoop()],
  ["\\", "Clear the loop", ["\\"], ({ clearRange }) => clearRange()],
  ["+ and −", "Zoom the timeline in and out", ["+", "="], ({ zoom }) => zoom?.(2)],
  [null, null, ["-"], ({ zoom }) => zoom?.(0.5)],
  ["0", "Fit the timeline", ["0"], ({ zoom }) => zoom?.(0)],
  ["M", "Mute or unmute", ["m"], ({ mute }) => mute?.()],
  ["F", "Full screen", ["f"], ({ fullScreen }) => fullScreen()],
  ["?", "Show this list", ["?"], ({ help }) => help()],
];
const BY_KEY = new Map(SHORTCUTS.flatMap(([, , names, run]) => names.map((name) => [name, run])));

/** Keys that scroll the page or press a control: shortcuts only in the viewer, and while nothing has the focus. */
const USED_BY_PAGE = new Set([" ", "ArrowLeft", "ArrowRight", "Home", "End"]);

/** Listen to the shortcuts until the viewer `node` is left. Of several viewers, only those in the document have shortcuts. */
export function listenToKeys(actions, node) {
  listen(document, "keydown", (event) => {
    if (!node.isConnected || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyped(event)) return;
    if (USED_BY_PAGE.has(event.key) && event.target !== document.body && !node.contains(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const run = BY_KEY.get(event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${key}` : key);
    if (!run) return;
    event.preventDefault();
    run(actions);
  });
}

/** Show the list of shortcuts. */
export function showShortcuts() {
  return dialog("Keyboard shortcuts", () =>
    h(
      "table.keys",
      {},
      h("thead.visually-hidden", {}, h("tr", {}, h("th", { scope: "col" }, "Key"), h("th", { scope: "col" }, "Action"))),
      h(
        "tbody",
        {},
        SHORTCUTS.filter(([shown]) => shown).map(([shown, text]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, shown)), h("td", {}, text))),
      ),
    ),
  );
}

/** Return whether the focused control uses the key itself, such as an input or a slider. */
export function isTyped({ target, key }) {
  if (target.closest("select, textarea, dialog, .menu")) return true;
  if (target.closest("[role=tablist]") && key.startsWith("Arrow")) return true;
  const { type } = target.closest("input") ?? {};
  if (type === "range") return /^(Arrow|Home|End|Page)/.test(key);
  if (type) return type !== "checkbox" || key === " ";
  const isPressed = key === " " || key === "Enter";
  if (isPressed) return Boolean(target.closest("button, a, summary"));
  return (key === "Home" || key === "End") && Boolean(target.closest(".rows"));
}
