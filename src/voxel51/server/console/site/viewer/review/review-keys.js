/** Keyboard shortcuts of a review. They come before those of the viewer, which has other actions on some of these keys. */

import { h } from "../../core/dom.js";
import { listen } from "../../core/reactive.js";
import { isTyped } from "../stage/keyboard.js";

/** Each action: its name, its title, how its key is shown, and the key. */
export const REVIEW_KEYS = [
  ["accept", "Accept", "A", "a"],
  ["reject", "Reject", "R", "r"],
  ["rename", "Rename", "E", "e"],
  ["merge", "Merge", "M", "m"],
  ["split", "Split here", "S", "s"],
  ["draw", "Draw box", "B", "b"],
  ["erase", "Delete box", "Del", "Delete"],
  ["undo", "Undo", "U", "u"],
  ["redo", "Redo", "⇧U", "Shift+u"],
];
const BY_KEY = new Map([...REVIEW_KEYS.map(([name, , , key]) => [key, name]), ["Escape", "cancel"]]);

/** Listen to the keys while the review `node` is in the document. */
export function listenToReviewKeys(actions, node) {
  listen(document, "keydown", (event) => {
    if (!node.isConnected || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && letter === "s" && !event.altKey) {
      event.preventDefault();
      actions.save();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyped(event)) return;
    const name = BY_KEY.get(event.shiftKey && event.key.length === 1 ? `Shift+${letter}` : letter);
    if (!name) return;
    event.preventDefault();
    actions[name]();
  });
}

/** A button for each action, with its key. */
export function reviewToolbar(actions, { canUndo, canRedo }) {
  const isOff = { undo: () => !canUndo(), redo: () => !canRedo() };
  return h(
    "div.review-tools",
    { role: "toolbar", "aria-label": "Review" },
    REVIEW_KEYS.map(([name, title, shown, key]) =>
      h(
        "button",
        {
          type: "button",
          "data-action": name,
          "aria-keyshortcuts": key === "Delete" || key.length > 1 ? key : key.toUpperCase(),
          "aria-pressed": name === "draw" ? () => String(actions.isDrawing.value) : null,
          disabled: isOff[name] ?? false,
          onclick: () => actions[name](),
        },
        title,
        h("kbd", { "aria-hidden": "true" }, shown),
      ),
    ),
  );
}
