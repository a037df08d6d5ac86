/** The labels that were found by any job, as buttons to choose what to search for. */

import { h } from "../../core/dom.js";
import { count, duration } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { icon } from "../../parts/icons.js";
import { MAX_LABELS } from "./search-query.js";

const MAX_SHOWN = 40;

/** Buttons for the most frequent labels; if there are more, a box finds the others. */
export function labelChoice(known, criteria, change) {
  const labels = mergeLabels(known, criteria.peek().labels);
  const typed = signal("");
  const shown = () => labels.filter(({ label }) => criteria.value.labels.includes(label) || label.toLowerCase().includes(typed.value)).slice(0, MAX_SHOWN);
  return h(
    "section.card",
    { "aria-label": "Labels to search for" },
    h("h2", {}, "Labels"),
    labels.length > MAX_SHOWN && finder(labels.length, typed),
    h("div.chips", { role: "group", "aria-label": "Labels" }, () => shown().map((entry) => chip(entry, criteria, change))),
    () => shown().length === 0 && h("p.nothing", {}, "No matching labels"),
    () => criteria.value.labels.length === MAX_LABELS && h("p.muted.below", {}, `You can search for up to ${MAX_LABELS} labels at a time.`),
  );
}

function chip({ label, jobs, spans, seconds }, criteria, change) {
  const isChosen = criteria.peek().labels.includes(label);
  const others = criteria.peek().labels.filter((other) => other !== label);
  return h(
    "button.chip",
    {
      type: "button",
      "data-label": label,
      "aria-pressed": String(isChosen),
      disabled: !isChosen && others.length >= MAX_LABELS,
      title: jobs ? `${count(jobs)} ${jobs === 1 ? "job" : "jobs"}, ${count(spans)} ${spans === 1 ? "segment" : "segments"}, ${duration(seconds)} in total` : "Not found by any job",
      onclick: () => {
        change({ labels: isChosen ? others : [...others, label] });
        queueMicrotask(() => focusOn(label)); // the change makes the buttons again; keep the focus on the one that was pressed
      },
    },
    label,
    h("span.count", { "aria-hidden": "true" }, count(jobs)),
  );
}

function focusOn(label) {
  [...document.querySelectorAll(".chips button")].find(({ dataset }) => dataset.label === label)?.focus();
}

function finder(number, typed) {
  const input = h("input", {
    type: "search",
    placeholder: `Filter ${count(number)} labels`,
    "aria-label": "Filter labels",
    oninput: () => (typed.value = input.value.trim().toLowerCase()),
  });
  return h("div.search.below", {}, icon("search"), input);
}

/** Merge entries with the same label (one for objects, one for events), and add the chosen labels that are unknown. */
function mergeLabels(known, chosen) {
  const labels = new Map();
  for (const { label, jobs, spans, seconds } of known) {
    const before = labels.get(label) ?? { jobs: 0, spans: 0, seconds: 0 };
    labels.set(label, { label, jobs: Math.max(before.jobs, jobs), spans: before.spans + spans, seconds: Math.max(before.seconds, seconds) });
  }
  for (const label of chosen) if (!labels.has(label)) labels.set(label, { label, jobs: 0, spans: 0, seconds: 0 });
  return [...labels.values()];
}
