/** Text for programs, with a button that copies it. */

import { h } from "../core/dom.js";
import { copyButton } from "./show.js";

/** A block of `text` (a function keeps it up to date) under a `title`. */
export function codeBlock(title, text) {
  const now = typeof text === "function" ? text : () => text;
  return h(
    "figure.code",
    {},
    h("figcaption", {}, h("span", {}, title), copyButton(now, `Copy: ${title}`)),
    h("pre", { tabindex: "0", role: "region", "aria-label": title }, h("code", {}, now)),
  );
}
