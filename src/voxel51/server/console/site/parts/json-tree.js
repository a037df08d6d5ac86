/** A tree view of JSON. Deep levels are collapsed, and made when they are opened; long lists show more on demand. */

import { h } from "../core/dom.js";
import { count } from "../core/format.js";

const MAX_ENTRIES = 200;
const OPEN_DEPTH = 2;

/**
 * @param value any JSON value
 * @param {string} [name] of the field that holds it
 */
export function jsonTree(value, name, depth = 0) {
  const named = name === undefined ? null : h("span.json-name", {}, `${name}: `);
  if (value === null || typeof value !== "object") return [named, h(`span.json-${value === null ? "null" : typeof value}`, {}, JSON.stringify(value))];
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return [named, open + close];
  const inside = h("div.json-inside");
  const unfold = () => {
    if (!inside.firstChild) inside.append(...rows(entries, depth, 0));
  };
  const node = h(
    "details.json",
    { open: depth < OPEN_DEPTH, ontoggle: () => node.open && unfold() },
    h("summary", {}, named, open, h("span.muted", {}, ` ${count(entries.length)} `), close),
    inside,
  );
  if (depth < OPEN_DEPTH) unfold();
  return [node];
}

function rows(entries, depth, from) {
  const made = entries.slice(from, from + MAX_ENTRIES).map(([name, value]) => h("div.json-row", {}, jsonTree(value, name, depth + 1)));
  const rest = entries.length - from - MAX_ENTRIES;
  if (rest > 0) {
    const more = h("button.link", { type: "button", onclick: () => more.replaceWith(...rows(entries, depth, from + MAX_ENTRIES)) }, `Show ${count(rest)} more`);
    made.push(more);
  }
  return made;
}
