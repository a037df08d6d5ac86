/** Display options: which labels are shown, what is drawn, the minimum confidence. */

import { h } from "../../core/dom.js";
import { count, percent } from "../../core/format.js";
import { button, checkbox, select } from "../../parts/form.js";

const SWITCHES = [
  ["boxes", "Boxes"],
  ["captions", "Labels"],
  ["confidence", "Confidence"],
  ["attributes", "Attributes"],
  ["masks", "Masks"],
  ["events", "Events"],
  ["trails", "Trails"],
];

export function displayOptions(view) {
  return h(
    "div.display-options",
    {},
    () => shownLabels(view, usedIn(view)),
    h("h2", {}, "Overlay"),
    h("div.switches", {}, SWITCHES.map(([name, title]) => checkbox(title, { checked: view.display[name].value, onchange: (event) => (view.display[name].value = event.target.checked) }))),
    h(
      "div.settings",
      {},
      setting("Min. confidence", h("input", { type: "range", min: 0, max: 1, step: 0.01, value: view.threshold.value, oninput: (event) => (view.threshold.value = event.target.valueAsNumber) }), () => percent(view.threshold.value)),
      setting("Line width", h("input", { type: "range", min: 1, max: 6, step: 1, value: view.display.width.value, oninput: (event) => (view.display.width.value = event.target.valueAsNumber) }), () => `${view.display.width.value}`),
      setting("Colours", select([["track", "by track"], ["label", "by label"]], { value: view.display.colours.value, onchange: (event) => (view.display.colours.value = event.target.value) })),
    ),
  );
}

function shownLabels(view, labels) {
  if (!labels.length) return null;
  return [h("h2", {}, "Labels"), h("div.chips", { role: "group", "aria-label": "Shown labels" }, labels.map((used) => chip(view, used)), labels.length > 1 && allOrNone(view, labels))];
}

function setting(title, control, value) {
  return h("label.setting", {}, h("span", {}, title), control, value && h("output", {}, value));
}

/** Return the labels of objects, then those that only events have. */
function usedIn({ labels }) {
  const known = new Set(labels.usedLabels.map(({ label }) => label));
  const events = Map.groupBy(labels.events, ({ label }) => label);
  const alone = [...events].filter(([label]) => !known.has(label)).map(([label, all]) => ({ label, count: all.length, isEvent: true }));
  return [...labels.usedLabels, ...alone];
}

function chip(view, { label, count: number, trackCount, isEvent }) {
  const isShown = () => !view.hidden.value.has(label);
  const summary = trackCount ? `${count(trackCount)} tracks` : isEvent ? `${count(number)} events` : `${count(number)} boxes`;
  const name = isEvent ? view.labels.labels[label] || "event" : view.labels.nameOf(label);
  return h(
    "button.chip",
    { type: "button", "aria-pressed": () => String(isShown()), title: summary, onclick: () => toggle(view, label) },
    h("span.swatch", { class: isEvent ? "of-event" : "", style: { background: view.colourOfLabel(label) } }),
    name,
    h("span.muted", {}, count(trackCount || number), h("span.visually-hidden", {}, summary.replace(/^\S+/, ""))),
  );
}

function allOrNone(view, labels) {
  return () =>
    view.hidden.value.size
      ? button("Show all", () => (view.hidden.value = new Set()), { kind: "link" })
      : button("Hide all", () => (view.hidden.value = new Set(labels.map(({ label }) => label))), { kind: "link" });
}

function toggle(view, label) {
  view.hidden.update((hidden) => {
    const next = new Set(hidden);
    next[hidden.has(label) ? "delete" : "add"](label);
    return next;
  });
}
