/** Help on the search syntax: a button that opens examples. */

import { h } from "../core/dom.js";
import { icon } from "./icons.js";

let helpCount = 0;

/**
 * @param {Array<[string, string]>} examples a query, and what it finds
 */
export function queryHelp(examples) {
  helpCount += 1;
  const id = `query-help-${helpCount}`;
  const content = h(
    "div.menu.query-help",
    { id, popover: "auto", role: "dialog", "aria-label": "Search syntax" },
    h("h2", {}, "Search syntax"),
    h("dl", {}, examples.map(([typed, found]) => h("div", {}, h("dt", {}, h("code", {}, typed)), h("dd", {}, found)))),
    h("p.muted", {}, "The search ignores case. Put a backslash before a comma, colon or bar to search for that character."),
  );
  const opener = h("button.plain", { type: "button", popovertarget: id, "aria-label": "Search syntax", title: "Search syntax", "aria-expanded": "false" }, icon("help"));
  content.addEventListener("toggle", ({ newState }) => {
    opener.setAttribute("aria-expanded", String(newState === "open"));
    if (newState !== "open") return;
    const box = opener.getBoundingClientRect();
    content.style.top = `${box.bottom + 6}px`;
    content.style.left = `${Math.max(8, Math.min(box.left, innerWidth - content.offsetWidth - 8))}px`;
  });
  return h("span.menu-holder", {}, opener, content);
}
