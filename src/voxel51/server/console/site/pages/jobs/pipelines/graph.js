/** The graph of a pipeline: steps as nodes in the order of their inputs, and lines from each step to those that take its output. */

import { h } from "../../../core/dom.js";

const SIZE = 100; // of a cell, in the units of the drawing, which is stretched over the nodes

/**
 * Return the layer and the place of each step: a step is in the layer after the last of those that it needs.
 *
 * @param {Array<{name, needs: Array<string>}>} steps each after those that it needs
 * @returns {Array<{name, needs, layer, place}>}
 */
export function placed(steps) {
  const found = new Map();
  const sizes = [];
  for (const { name, needs } of steps) {
    const layer = Math.max(-1, ...needs.map((need) => found.get(need).layer)) + 1;
    sizes[layer] = (sizes[layer] ?? 0) + 1;
    found.set(name, { name, needs, layer, place: sizes[layer] - 1 });
  }
  return [...found.values()];
}

/** Return the steps of a document in an order in which each comes after those that it needs, with `needs`. */
export function orderedSteps(document) {
  const pending = document.steps.map((step) => ({ ...step, needs: [...new Set(Object.values(step.inputs ?? {}).flatMap(({ step: need }) => need ?? []))] }));
  const ordered = [];
  while (pending.length) {
    const next = pending.findIndex(({ needs }) => needs.every((need) => ordered.some(({ name }) => name === need)));
    ordered.push(...pending.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

/**
 * The graph as a list of nodes, which `node(step)` returns the content of, and a drawing of the lines between them. Layers are columns,
 * and on narrow screens rows.
 */
export function graph(label, steps, node) {
  const places = placed(steps);
  const layers = Math.max(...places.map(({ layer }) => layer)) + 1;
  const most = Math.max(...places.map(({ place }) => place)) + 1;
  const sizes = Array.from({ length: layers }, (_, index) => places.filter(({ layer }) => layer === index).length);
  // Layers with fewer steps than the largest are centred: cells have half places.
  const centre = ({ layer, place }) => ({ along: (layer + 0.5) * SIZE, across: (place + 0.5 + (most - sizes[layer]) / 2) * SIZE });
  const lines = places.flatMap((target) => target.needs.map((need) => line(centre(places.find(({ name }) => name === need)), centre(target))));
  const content = h(
    "div.layers",
    { style: { "--layers": String(layers), "--places": String(most * 2) } },
    drawing("wide", layers, most, lines.map(({ wide }) => wide)),
    drawing("narrow", most, layers, lines.map(({ narrow }) => narrow)),
    h(
      "ol",
      { "aria-label": label },
      places.map((step, index) => {
        const start = step.place * 2 + (most - sizes[step.layer]) + 1;
        return h("li", { style: { "--layer": String(step.layer + 1), "--place": String(start) } }, node(steps[index]));
      }),
    ),
  );
  return h("div.pipeline-graph", { tabindex: "0", role: "group", "aria-label": `Graph of ${layers} layers` }, content); // it scrolls if it is wide
}

/** A curve from one centre to another; one that passes a layer is bent around the node between. */
function line(from, to) {
  const span = (to.along - from.along) / SIZE;
  const isLevel = Math.abs(from.across - to.across) < 1;
  const bend = span > 1 && isLevel ? SIZE * 0.55 : 0;
  const middle = (from.along + to.along) / 2;
  const curve = (point) => `M ${point(from.along, from.across)} C ${point(middle, from.across + bend)} ${point(middle, to.across + bend)} ${point(to.along, to.across)}`;
  return { wide: curve((along, across) => `${along} ${across}`), narrow: curve((along, across) => `${across} ${along}`) };
}

function drawing(kind, columns, rows, paths) {
  return h(
    `svg:svg`,
    { class: `lines ${kind}`, viewBox: `0 0 ${columns * SIZE} ${rows * SIZE}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    paths.map((d) => h("svg:path", { d })),
  );
}
