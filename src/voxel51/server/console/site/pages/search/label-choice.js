/** The labels that were found, to choose from. */

import { h } from "../../core/dom.js";
import { count, duration } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { icon } from "../../parts/icons.js";
import { MOST_LABELS } from "./wanted.js";

const MOST_SHOWN = 40;

/** Buttons, the most frequent labels first; with a box to find others where there are many. */
export function labelChoice(known, wanted, change) {
  const labels = joined(known, wanted.peek().labels);
  const typed = signal("");
  const shown = () => labels.filter(({ label }) => wanted.value.labels.includes(label) || label.toLowerCase().includes(typed.value)).slice(0, MOST_SHOWN);
  return h(
    "section.card",
    { "aria-label": "What to look for" },
    h("h2", {}, "What to look for"),
    labels.length > MOST_SHOWN && finder(labels.length, typed),
    h("div.chips", { role: "group", "aria-label": "Labels" }, () => shown().map((entry) => chip(entry, wanted, change))),
    () => shown().length === 0 && h("p.nothing", {}, "No label is called so."),
    () => wanted.value.labels.length === MOST_LABELS && h("p.soft.below", {}, `That is as many as can be looked for at once: ${MOST_LABELS}.`),
  );
}

function chip({ label, jobs, spans, seconds }, wanted, change) {
  const isChosen = wanted.peek().labels.includes(label);
  const others = wanted.peek().labels.filter((other) => other !== label);
  return h(
    "button.chip",
    {
      type: "button",
      "data-label": label,
      "aria-pressed": String(isChosen),
      disabled: !isChosen && others.length >= MOST_LABELS,
      title: jobs ? `in ${count(jobs)} ${jobs === 1 ? "job" : "jobs"}, ${count(spans)} times, ${duration(seconds)} in all` : "no job found this",
      onclick: () => {
        change({ labels: isChosen ? others : [...others, label] });
        queueMicrotask(() => focusOn(label));
      },
    },
    label,
    h("span.count", { "aria-hidden": "true" }, count(jobs)),
  );
}

/** The buttons are made anew by what is chosen; the keyboard stays on the one that was pressed. */
function focusOn(label) {
  [...document.querySelectorAll(".chips button")].find(({ dataset }) => dataset.label === label)?.focus();
}

function finder(number, typed) {
  const input = h("input", {
    type: "search",
    placeholder: `Find among ${count(number)} labels`,
    "aria-label": "Find a label",
    oninput: () => (typed.value = input.value.trim().toLowerCase()),
  });
  return h("div.search.below", {}, icon("search"), input);
}

/** Each label once, although it may be of an object here and of an event there; and what is wanted but unknown. */
function joined(known, wanted) {
  const labels = new Map();
  for (const { label, jobs, spans, seconds } of known) {
    const before = labels.get(label) ?? { jobs: 0, spans: 0, seconds: 0 };
    labels.set(label, { label, jobs: Math.max(before.jobs, jobs), spans: before.spans + spans, seconds: before.seconds + seconds });
  }
  for (const label of wanted) if (!labels.has(label)) labels.set(label, { label, jobs: 0, spans: 0, seconds: 0 });
  return [...labels.values()];
}
