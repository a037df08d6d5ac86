/** Menus: a button that opens a list of actions in a popover of the browser. */

import { h } from "../core/dom.js";
import { showError } from "./notices.js";

let menuCount = 0;

/**
 * @param {Node|Array} face the content of the button
 * @param {string} label the accessible name of the button
 * @param {() => Array<{title, run?, href?, symbol?, isDangerous?, download?}|null>} entries called when the menu opens
 */
export function menu(face, label, entries, { kind = "plain" } = {}) {
  menuCount += 1;
  const id = `menu-${menuCount}`;
  const list = h("div.menu", {
    id,
    popover: "auto",
    onbeforetoggle: (event) => {
      if (event.newState === "open") list.replaceChildren(...entries().filter(Boolean).map(item));
    },
    ontoggle: (event) => {
      opener.setAttribute("aria-expanded", String(event.newState === "open"));
      if (event.newState === "open") {
        place();
        list.firstElementChild?.focus();
      }
    },
    onkeydown: (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const items = [...list.children];
      items.at((items.indexOf(document.activeElement) + step) % items.length)?.focus();
    },
  });
  const opener = h(`button.${kind}`, { type: "button", popovertarget: id, "aria-label": label, "aria-haspopup": "true", "aria-expanded": "false" }, face);

  function item({ title, run, href, symbol, isDangerous, download }) {
    const attributes = { class: isDangerous ? "dangerous" : "" };
    if (href) return h("a", { ...attributes, href, download, onclick: () => list.hidePopover() }, symbol, title);
    return h("button", { ...attributes, type: "button", onclick: () => start(run) }, symbol, title);
  }

  /** Close the menu and run an entry. The opener is busy until it is done, since the entry itself is no longer there. */
  async function start(run) {
    list.hidePopover();
    opener.ariaBusy = "true";
    try {
      await run();
    } catch (error) {
      showError(error);
    } finally {
      opener.ariaBusy = null;
    }
  }

  /** Position the menu below its button, or above it where there is not enough space. */
  function place() {
    const box = opener.getBoundingClientRect();
    const width = list.offsetWidth;
    const below = box.bottom + 4;
    const isBelow = below + list.offsetHeight < innerHeight;
    list.style.left = `${Math.max(8, Math.min(box.right - width, innerWidth - width - 8))}px`;
    list.style.top = `${isBelow ? below : Math.max(8, box.top - 4 - list.offsetHeight)}px`;
  }

  return h("span.menu-holder", {}, opener, list);
}
