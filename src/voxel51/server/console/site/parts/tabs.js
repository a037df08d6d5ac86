/** Tabs, by the WAI-ARIA tabs pattern; the selected one is kept in the URL. */

import { h } from "../core/dom.js";
import { signal, untracked } from "../core/reactive.js";
import { route, setQuery } from "../core/router.js";

/**
 * @param {Array<{name, title, content: () => Node, isShown?: () => boolean}>} entries `content` is called when the tab is selected;
 *   `isShown` is read as an effect
 * @param {string} parameter of the URL's query that holds the name of the selected tab
 * @param {{value: string}} [selected] a signal with the name of the selected tab, for callers that change it
 */
export function tabs(entries, parameter = "tab", selected = signal(entries[0].name)) {
  selected.value = entries.find(({ name }) => name === route.peek().query.get(parameter))?.name ?? selected.peek();
  const choose = (name) => {
    selected.value = name;
    setQuery({ [parameter]: name === entries[0].name ? "" : name });
  };
  const isHidden = ({ isShown = () => true }) => !isShown();
  const tab = ({ name, title, isShown }) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `panel-${name}`,
        hidden: () => isHidden({ isShown }),
        "aria-selected": () => String(selected.value === name),
        tabindex: () => (selected.value === name ? "0" : "-1"),
        onclick: () => choose(name),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const shown = untracked(() => entries.filter((entry) => !isHidden(entry)));
          const next = shown.at((shown.findIndex((entry) => entry.name === name) + step) % shown.length);
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
      h("div", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, hidden: () => selected.value !== name }, () => selected.value === name && untracked(content)),
    ),
  );
}
