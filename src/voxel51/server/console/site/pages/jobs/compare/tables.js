/** The figures of a comparison: a table of the labels, and the attributes of the whole video that differ. */

import { h } from "../../../core/dom.js";
import { count } from "../../../core/format.js";

/** @param comparison the document of the rendition; `jobs` are the two records */
export function comparisonTables({ boxes, events, attributes, differences }, [first, second]) {
  const rows = [
    ...Object.entries(boxes).map(([label, each]) => [label || "object", count(each.both), each.mean_overlap === null ? "–" : each.mean_overlap.toFixed(3), count(each.only_first), count(each.only_second), `${count(each.tracks_first)} / ${count(each.tracks_second)}`]),
    ...Object.entries(events).map(([label, each]) => [label || "event", count(each.both), "–", count(each.only_first.length), count(each.only_second.length), "–"]),
  ];
  const changed = differences.changed.reduce((sum, number) => sum + number, 0);
  return h(
    "section.comparison-figures",
    { "aria-label": "Figures" },
    h("h2", {}, "Figures"),
    rows.length > 0 ? figures(rows) : h("p.muted", {}, "Neither job found anything."),
    changed > 0 && h("p", {}, `${count(changed)} ${changed === 1 ? "box has" : "boxes have"} another label at the same place. They are counted under both labels.`),
    Object.keys(attributes).length > 0 && attributeTable(attributes, [first.name, second.name]),
  );
}

function figures(rows) {
  const head = ["Label", "In both", "Mean IoU", "Removed (only first)", "Added (only second)", "Tracks"];
  return h(
    "div.scrolled",
    { tabindex: "0", role: "region", "aria-label": "Figures by label" },
    h(
      "table",
      {},
      h("caption.visually-hidden", {}, "Boxes and events by label"),
      h("thead", {}, h("tr", {}, head.map((title, at) => h(at ? "th.number" : "th", { scope: "col" }, title)))),
      h("tbody", {}, rows.map(([label, ...values]) => h("tr", {}, h("th", { scope: "row" }, label), values.map((value) => h("td.number", {}, value))))),
    ),
  );
}

function attributeTable(attributes, names) {
  return h(
    "table",
    {},
    h("caption", {}, "Attributes of the video that differ"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Attribute"), names.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, Object.entries(attributes).map(([name, values]) => h("tr", {}, h("th", { scope: "row" }, name), values.map((value) => h("td", {}, value === null ? "–" : String(value)))))),
  );
}
