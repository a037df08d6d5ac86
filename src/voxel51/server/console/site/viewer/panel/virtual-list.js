/** A virtual list: of any number of rows, only the visible ones are in the document. */

import { h } from "../../core/dom.js";
import { effect, onEnd, signal } from "../../core/reactive.js";

const ROW_PIXELS = 44;
const OVERSCAN_ROWS = 4;

/**
 * @param {string} label the accessible name of the list
 * @param {() => Array} entries read in an effect
 * @param {(entry) => Array<Node>} make returns the content of a row's button
 * @param {{press: (entry) => void, isChosen: (entry) => boolean}} options
 */
export function virtualList(label, entries, make, { press, isChosen }) {
  const visible = signal([0, 20]);
  const list = h("ul.rows-list", { "aria-label": label });
  const node = h("div.rows", { onscroll: updateVisible, onkeydown: move }, list);
  const sized = new ResizeObserver(updateVisible);
  sized.observe(node);
  onEnd(() => sized.disconnect());

  effect(() => {
    const all = entries();
    const [first, last] = visible.value;
    list.style.height = `${all.length * ROW_PIXELS}px`;
    // The rows are replaced, so the focus is put back on the row at the same position.
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.position : null;
    list.replaceChildren(...all.slice(first, last).map((entry, index) => row(entry, first + index, all.length)));
    if (focused !== null) buttonAt(Number(focused))?.focus({ preventScroll: true });
  });

  function row(entry, position, length) {
    return h(
      "li",
      { style: { top: `${position * ROW_PIXELS}px` }, "aria-setsize": length, "aria-posinset": position + 1 },
      h("button.plain", { type: "button", "data-position": position, "aria-pressed": String(isChosen(entry)), onclick: () => press(entry) }, make(entry)),
    );
  }

  function updateVisible() {
    const first = Math.max(0, Math.floor(node.scrollTop / ROW_PIXELS) - OVERSCAN_ROWS);
    const last = first + Math.ceil((node.clientHeight || 400) / ROW_PIXELS) + 2 * OVERSCAN_ROWS;
    const [from, to] = visible.peek();
    if (from !== first || to !== last) visible.value = [first, last];
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
