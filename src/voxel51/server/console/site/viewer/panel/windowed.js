/** A list of any length of which only the rows in sight are made. */

import { h } from "../../core/dom.js";
import { effect, onEnd, signal } from "../../core/reactive.js";

const ROW = 44;
const SPARE = 4;

/**
 * @param {string} label what the list is of
 * @param {() => Array} entries read in an effect
 * @param {(entry) => Array<Node>} make what a row's button shows
 * @param {{press: (entry) => void, isChosen: (entry) => boolean}} does
 */
export function windowed(label, entries, make, { press, isChosen }) {
  const seen = signal([0, 20]);
  const list = h("ul.rows-list", { "aria-label": label });
  const node = h("div.rows", { onscroll: look, onkeydown: move }, list);
  const sized = new ResizeObserver(look);
  sized.observe(node);
  onEnd(() => sized.disconnect());

  effect(() => {
    const all = entries();
    const [first, last] = seen.value;
    list.style.height = `${all.length * ROW}px`;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.position : null;
    list.replaceChildren(...all.slice(first, last).map((entry, index) => row(entry, first + index, all.length)));
    if (focused !== null) buttonAt(Number(focused))?.focus({ preventScroll: true });
  });

  function row(entry, position, length) {
    return h(
      "li",
      { style: { top: `${position * ROW}px` }, "aria-setsize": length, "aria-posinset": position + 1 },
      h("button.plain", { type: "button", "data-position": position, "aria-pressed": String(isChosen(entry)), onclick: () => press(entry) }, make(entry)),
    );
  }

  function look() {
    const first = Math.max(0, Math.floor(node.scrollTop / ROW) - SPARE);
    const last = first + Math.ceil((node.clientHeight || 400) / ROW) + 2 * SPARE;
    const [from, to] = seen.peek();
    if (from !== first || to !== last) seen.value = [first, last];
  }

  function move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const position = Number(document.activeElement?.dataset.position);
    if (!step || Number.isNaN(position)) return;
    event.preventDefault();
    buttonAt(position + step)?.focus();
  }

  const buttonAt = (position) => list.querySelector(`[data-position="${position}"]`);
  return node;
}
