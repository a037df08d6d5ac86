/** A chart of the number of objects per label and frame; a click goes to the frame. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { effect } from "../../core/reactive.js";
import { acrossLines, lines } from "../../parts/chart.js";
import { countsOf, downsampleMax } from "../model/labels.js";

const MAX_LABELS = 8;
const MAX_STEPS = 600;

export function countsPlot(view, player, actions) {
  const length = view.index.count;
  const now = h("div.now", { "aria-hidden": "true" });
  effect(() => {
    now.style.left = `${100 * acrossLines(length > 1 ? (player.aim.value - 1) / (length - 1) : 0)}%`;
  });
  return h("div.counts", {}, () => {
    const { labels } = view;
    if (labels.usedLabels.length === 0) return h("p.muted", {}, "No objects to count.");
    const shown = labels.usedLabels.filter(({ label }) => !view.hidden.value.has(label)).slice(0, MAX_LABELS);
    const series = shown.map(({ label }) => ({
      name: labels.nameOf(label),
      values: downsampleMax(countsOf(labels, label, length, view.isShown.value), MAX_STEPS),
      color: view.colourOfLabel(label),
    }));
    const left = labels.usedLabels.length - MAX_LABELS;
    return [
      h(
        "div.plot",
        {},
        h("div.pickable", {}, lines("Objects per frame", series, ["1", count(length)], wholeOrNothing, (share) => actions.go(1 + Math.round(share * (length - 1)))), now),
        h("ul.legend", {}, series.map(({ name, color }) => h("li", {}, h("span.swatch", { style: { background: color } }), name))),
      ),
      left > 0 && h("p.muted", {}, `The chart shows the ${MAX_LABELS} most frequent labels. Hide some of them to show others.`),
    ];
  });
}

const wholeOrNothing = (value) => (Number.isInteger(value) ? count(value) : "");
