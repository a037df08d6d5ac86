/** Popovers: a button that opens content of its own below it. */

import { h } from "../core/dom.js";

let popoverCount = 0;

/**
 * @param {Node|Array|Function} face the content of the button
 * @param {string} label the accessible name of the content, and of the button unless `face` is a text
 * @param {Node|Array} content
 * @param {{kind?: string, isNamed?: boolean}} options `isNamed`: whether `face` names the button
 */
export function popover(face, label, content, { kind = "plain", isNamed = false } = {}) {
  popoverCount += 1;
  const id = `popover-${popoverCount}`;
  const box = h("div.menu.popover", { id, popover: "auto", role: "dialog", "aria-label": label }, content);
  const opener = h(`button.${kind}`, { type: "button", popovertarget: id, "aria-expanded": "false", ...(!isNamed && { "aria-label": label, title: label }) }, face);
  box.addEventListener("toggle", ({ newState }) => {
    opener.setAttribute("aria-expanded", String(newState === "open"));
    if (newState !== "open") return;
    const place = opener.getBoundingClientRect();
    box.style.top = `${place.bottom + 6}px`;
    box.style.left = `${Math.max(8, Math.min(place.left, innerWidth - box.offsetWidth - 8))}px`;
  });
  return h("span.menu-holder", {}, opener, box);
}
