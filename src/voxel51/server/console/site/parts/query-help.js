/** What a search may say, for who presses the question mark. */

import { h } from "../core/dom.js";
import { icon } from "./icons.js";

let made = 0;

/**
 * @param {Array<[string, string]>} examples what can be typed, and what it finds
 */
export function queryHelp(examples) {
  made += 1;
  const id = `query-help-${made}`;
  const content = h(
    "div.menu.query-help",
    { id, popover: "auto", role: "dialog", "aria-label": "How to search" },
    h("h2", {}, "How to search"),
    h("dl", {}, examples.map(([typed, found]) => h("div", {}, h("dt", {}, h("code", {}, typed)), h("dd", {}, found)))),
    h("p.soft", {}, "Capital letters do not matter. A backslash before a comma, a colon or a bar takes it as it is."),
  );
  const opener = h("button.plain", { type: "button", popovertarget: id, "aria-label": "How to search", title: "How to search", "aria-expanded": "false" }, icon("help"));
  content.addEventListener("toggle", ({ newState }) => {
    opener.setAttribute("aria-expanded", String(newState === "open"));
    if (newState !== "open") return;
    const box = opener.getBoundingClientRect();
    content.style.top = `${box.bottom + 6}px`;
    content.style.left = `${Math.max(8, Math.min(box.left, innerWidth - content.offsetWidth - 8))}px`;
  });
  return h("span.menu-holder", {}, opener, content);
}
