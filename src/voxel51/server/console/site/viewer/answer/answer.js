/** The answer of a result: what was found and how often, each with its course over time, and pictures of the best of it. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { frameWithBoxes } from "../model/filters.js";
import { countsOf, downsampleMax } from "../model/labels.js";
import { bestPictures } from "./best-pictures.js";

const MAX_KINDS = 8;
const STEPS = 48;
const HEIGHT = 16;

/**
 * @param view of `viewState`, with labels
 * @param actions of `viewerActions`
 * @param {{address, image}|null} source the video or image; null for none
 * @param player of `videoPlayer` or `clockPlayer`
 * @param {boolean} isPartial whether labels are still added, so that pictures of the best would change
 */
export function answer(view, actions, { source, player, isPartial }) {
  return h(
    "section.answer",
    { "aria-label": "Summary", hidden: () => view.labels.isEmpty },
    h("ul.kinds", {}, () => kindsOf(view.labels, view.index.count).map((kind) => kindButton(kind, view, actions))),
    source && !isPartial && bestPictures(view, actions, source, player),
  );
}

/** Return what was found, the most frequent first: labels of objects, then labels of events. */
function kindsOf(labels, frameCount) {
  const objects = labels.usedLabels.map(({ label, count: boxes, trackCount }) => ({
    label,
    first: frameWithBoxes(labels, 0, 1, (id) => labels.boxes.label[id] === label && labels.boxes.kind[id] === 0),
    number: trackCount || boxes,
    unit: trackCount ? "track" : "detection",
    values: () => countsOf(labels, label, frameCount),
  }));
  const events = Map.groupBy(labels.events, ({ label }) => label);
  const segments = Array.from(events, ([label, some]) => ({ label, first: some[0].ranges[0][0], number: some.length, unit: "event", values: () => presence(some, frameCount) }));
  return [...objects, ...segments].slice(0, MAX_KINDS);
}

function kindButton({ label, first, number, unit, values }, view, actions) {
  const title = view.labels.nameOf(label);
  return h(
    "li",
    {},
    h(
      "button.kind",
      { type: "button", title: `Go to the first: frame ${count(first)}`, onclick: () => actions.go(first) },
      h("strong", {}, count(number)),
      h("span", {}, `${title} ${unit}${number === 1 ? "" : "s"}`),
      sparkline(downsampleMax(values(), STEPS), view.colourOfLabel(label)),
    ),
  );
}

/** A line without axes of how much was found over time. */
function sparkline(values, colour) {
  const most = Math.max(1, ...values);
  const points = Array.from(values, (value, step) => `${step} ${HEIGHT - (value / most) * (HEIGHT - 2) - 1}`);
  return h("svg:svg", { viewBox: `0 0 ${Math.max(1, values.length - 1)} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, h("svg:path", { d: `M${points.join("L")}`, style: { stroke: colour } }));
}

/** Return for each frame how many of `events` it belongs to. */
function presence(events, frameCount) {
  const counts = new Uint16Array(frameCount);
  for (const [first, last] of events.flatMap(({ ranges }) => ranges)) {
    for (let frame = first; frame <= Math.min(last, frameCount); frame += 1) counts[frame - 1] += 1;
  }
  return counts;
}
