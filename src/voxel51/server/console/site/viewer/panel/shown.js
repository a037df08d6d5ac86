/** What is drawn: labels by chips, kinds of drawing by switches, the least confidence by a slider. */

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

export function shownPanel(view) {
  const labels = usedIn(view);
  return h(
    "div.shown",
    {},
    labels.length > 0 && h("h2", {}, "Labels"),
    labels.length > 0 && h("div.chips", { role: "group", "aria-label": "Labels that are shown" }, labels.map((used) => chip(view, used)), labels.length > 2 && allOrNone(view, labels)),
    h("h2", {}, "Drawing"),
    h("div.switches", {}, SWITCHES.map(([name, title]) => checkbox(title, { checked: view.looks[name].value, onchange: (event) => (view.looks[name].value = event.target.checked) }))),
    h(
      "div.settings",
      {},
      setting("Least confidence", h("input", { type: "range", min: 0, max: 1, step: 0.01, value: view.threshold.value, oninput: (event) => (view.threshold.value = event.target.valueAsNumber) }), () => percent(view.threshold.value)),
      setting("Width of lines", h("input", { type: "range", min: 1, max: 6, step: 1, value: view.looks.width.value, oninput: (event) => (view.looks.width.value = event.target.valueAsNumber) }), () => `${view.looks.width.value}`),
      setting("Colours", select([["track", "one a track"], ["label", "one a label"]], { value: view.looks.colours.value, onchange: (event) => (view.looks.colours.value = event.target.value) })),
    ),
  );
}

function setting(title, control, value) {
  return h("label.setting", {}, h("span", {}, title), control, value && h("output", {}, value));
}

/** The labels of objects, then those of events alone. */
function usedIn({ labels }) {
  const known = new Set(labels.usedLabels.map(({ label }) => label));
  const events = Map.groupBy(labels.events, ({ label }) => label);
  const alone = [...events].filter(([label]) => !known.has(label)).map(([label, all]) => ({ label, count: all.length, isEvent: true }));
  return [...labels.usedLabels, ...alone];
}

function chip(view, { label, count: number, trackCount, isEvent }) {
  const isShown = () => !view.hidden.value.has(label);
  const told = trackCount ? `${count(trackCount)} tracks` : isEvent ? `${count(number)} events` : `${count(number)} boxes`;
  const name = isEvent ? view.labels.labels[label] || "event" : view.labels.nameOf(label);
  return h(
    "button.chip",
    { type: "button", "aria-pressed": () => String(isShown()), title: told, onclick: () => toggle(view, label) },
    h("span.swatch", { class: isEvent ? "of-event" : "", style: { background: view.colourOfLabel(label) } }),
    name,
    h("span.soft", {}, count(trackCount || number), h("span.unseen", {}, told.replace(/^\S+/, ""))),
  );
}

function allOrNone(view, labels) {
  return () =>
    view.hidden.value.size
      ? button("All", () => (view.hidden.value = new Set()), { kind: "link" })
      : button("None", () => (view.hidden.value = new Set(labels.map(({ label }) => label))), { kind: "link" });
}

function toggle(view, label) {
  view.hidden.update((hidden) => {
    const next = new Set(hidden);
    next[hidden.has(label) ? "delete" : "add"](label);
    return next;
  });
}
