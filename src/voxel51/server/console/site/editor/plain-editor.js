/** A text area with line numbers, for consoles without bundle. See `code-editor.js` for the interface. */

import { h } from "../core/dom.js";

export function plainEditor({ text, label, onChange }) {
  const numbers = h("div.line-numbers", { "aria-hidden": "true" });
  const area = h("textarea", { value: text, "aria-label": label, spellcheck: "false", autocapitalize: "none", wrap: "off", oninput: () => changed() });
  let wrong = null;
  const number = () => {
    const count = area.value.split("\n").length;
    numbers.replaceChildren(...Array.from({ length: count }, (_, index) => h("div", { class: index + 1 === wrong ? "wrong" : "" }, String(index + 1))));
  };
  const changed = () => {
    wrong = null;
    number();
    onChange();
  };
  const replace = (next) => {
    area.value = next;
    changed();
  };
  const mark = (line) => {
    wrong = line;
    number();
    if (line !== null) select(area, line);
  };
  area.addEventListener("scroll", () => (numbers.scrollTop = area.scrollTop));
  number();
  return { node: h("div.code-editor.plain", {}, numbers, area), text: () => area.value, replace, mark };
}

/** Select a line, and move the focus to it. */
function select(area, line) {
  const before = area.value.split("\n").slice(0, line - 1).reduce((length, text) => length + text.length + 1, 0);
  const end = area.value.indexOf("\n", before);
  area.focus();
  area.setSelectionRange(before, end < 0 ? area.value.length : end);
}
