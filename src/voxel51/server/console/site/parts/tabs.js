/** Parts of a page of which one is seen at a time, as the pattern for tabs of WAI-ARIA has it. */

import { h } from "../core/dom.js";
import { signal, untracked } from "../core/reactive.js";
import { place, setQuery } from "../core/router.js";

/**
 * @param {Array<{name, title, content: () => Node}>} entries contents are made when they are first looked at
 * @param {string} parameter of the query, which remembers the one that is seen
 * @param {{value: string}} [seen] a signal of the name of the one that is seen, for who turns the page otherwise
 */
export function tabs(entries, parameter = "tab", seen = signal(entries[0].name)) {
  seen.value = entries.find(({ name }) => name === place.peek().query.get(parameter))?.name ?? seen.peek();
  const choose = (name) => {
    seen.value = name;
    setQuery({ [parameter]: name === entries[0].name ? "" : name });
  };
  const tab = ({ name, title }) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `panel-${name}`,
        "aria-selected": () => String(seen.value === name),
        tabindex: () => (seen.value === name ? "0" : "-1"),
        onclick: () => choose(name),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const next = entries.at((entries.findIndex((entry) => entry.name === name) + step) % entries.length);
          choose(next.name);
          document.getElementById(`tab-${next.name}`).focus();
        },
      },
      title,
    );
  return h(
    "div.tabs",
    {},
    h("div", { role: "tablist" }, entries.map(tab)),
    entries.map(({ name, content }) =>
      h("div", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, hidden: () => seen.value !== name }, () => seen.value === name && untracked(content)),
    ),
  );
}
