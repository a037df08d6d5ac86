/** How many there are of each label, frame by frame, as a plot that leads to the frames. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { effect } from "../../core/reactive.js";
import { acrossLines, lines } from "../../parts/chart.js";
import { countsOf } from "../model/labels.js";
import { mostOfEach } from "../model/thinning.js";

const MOST_LABELS = 8;
const MOST_STEPS = 600;

export function countsPlot(view, player, actions) {
  const { index, labels } = view;
  const length = index.count;
  if (labels.usedLabels.length === 0) return h("p.soft", {}, "There are no objects to count.");
  const now = h("div.now", { "aria-hidden": "true" });
  effect(() => {
    now.style.left = `${100 * acrossLines(length > 1 ? (player.aim.value - 1) / (length - 1) : 0)}%`;
  });
  return h("div.counts", {}, () => {
    const shown = labels.usedLabels.filter(({ label }) => !view.hidden.value.has(label)).slice(0, MOST_LABELS);
    const series = shown.map(({ label }) => ({
      name: labels.nameOf(label),
      values: mostOfEach(countsOf(labels, label, length, view.isShown.value), MOST_STEPS),
      color: view.colourOfLabel(label),
    }));
    const left = labels.usedLabels.length - MOST_LABELS;
    return [
      h(
        "div.plot",
        {},
        h("div.pickable", {}, lines("Objects in each frame", series, ["1", count(length)], wholeOrNothing, (share) => actions.go(1 + Math.round(share * (length - 1)))), now),
        h("ul.legend", {}, series.map(({ name, color }) => h("li", {}, h("span.swatch", { style: { background: color } }), name))),
      ),
      left > 0 && h("p.soft", {}, `The ${MOST_LABELS} most frequent labels are plotted; hide some to see others.`),
    ];
  });
}

const wholeOrNothing = (value) => (Number.isInteger(value) ? count(value) : "");
