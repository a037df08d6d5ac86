/** Charts, drawn as SVG in the colours of the theme. Each has a table with its values for screen readers. */

import { h } from "../core/dom.js";

const WIDTH = 640;
const HEIGHT = 160;
const EDGE = { left: 44, right: 8, top: 8, bottom: 22 };

/**
 * A bar chart over days, or other steps.
 *
 * @param {string} title
 * @param {Array<{label: string, value: number}>} steps
 * @param {(value: number) => string} format
 */
export function bars(title, steps, format = String) {
  const most = niceTop(Math.max(0, ...steps.map(({ value }) => value)));
  const width = (WIDTH - EDGE.left - EDGE.right) / Math.max(1, steps.length);
  return figure(title, steps, format, [
    axis(most, format),
    steps.map(({ label, value }, index) =>
      h(
        "svg:rect.column",
        {
          x: EDGE.left + index * width + width * 0.1,
          y: y(value, most),
          width: Math.max(1, width * 0.8),
          height: HEIGHT - EDGE.bottom - y(value, most),
        },
        h("svg:title", {}, `${label}: ${format(value)}`),
      ),
    ),
    ends(steps.map(({ label }) => label)),
  ]);
}

/**
 * A line chart over numbered steps (such as frames).
 *
 * @param {string} title
 * @param {Array<{name: string, values: ArrayLike<number>, color: string}>} series of the same length
 * @param {Array<string>} labels of the first and the last step
 * @param {(share: number) => void} [onpick] called with the position along the steps, 0 to 1, that was clicked
 */
export function lines(title, series, labels, format = String, onpick = null) {
  const most = niceTop(Math.max(0, ...series.map(({ values }) => values.reduce((a, b) => Math.max(a, b), 0))));
  const length = Math.max(2, ...series.map(({ values }) => values.length));
  const x = (index) => EDGE.left + (index / (length - 1)) * (WIDTH - EDGE.left - EDGE.right);
  const path = (values) => Array.from(values, (value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value, most).toFixed(1)}`).join("");
  return figure(
    title,
    series.map(({ name, values }) => ({ label: name, value: values.reduce((a, b) => Math.max(a, b), 0) })),
    (value) => `at most ${format(value)}`,
    [axis(most, format), series.map(({ name, values, color }) => h("svg:path.line", { d: path(values), style: { stroke: color } }, h("svg:title", {}, name))), ends(labels)],
    onpick && ((event) => onpick(pickedShare(event))),
  );
}

/** The position of a step on a chart of `lines`, as a share of its width; `share` is 0 for the first step and 1 for the last. */
export const acrossLines = (share) => (EDGE.left + share * (WIDTH - EDGE.left - EDGE.right)) / WIDTH;

function pickedShare({ clientX, currentTarget }) {
  const box = currentTarget.getBoundingClientRect();
  const share = (((clientX - box.left) / box.width) * WIDTH - EDGE.left) / (WIDTH - EDGE.left - EDGE.right);
  return Math.min(1, Math.max(0, share));
}

function figure(title, rows, format, drawing, onclick = null) {
  return h(
    "figure.chart",
    {},
    h("figcaption", {}, title),
    h("svg:svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, ...(onclick && { onclick }) }, drawing),
    h(
      "table.visually-hidden",
      {},
      h("caption", {}, title),
      h(
        "tbody",
        {},
        rows.map(({ label, value }) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, format(value)))),
      ),
    ),
  );
}

function axis(most, format) {
  return [0, 0.5, 1].map((share) => [
    h("svg:line.rule", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(most * share, most), y2: y(most * share, most) }),
    h("svg:text.tick", { x: EDGE.left - 6, y: y(most * share, most) + 4, "text-anchor": "end" }, format(most * share)),
  ]);
}

function ends(labels) {
  if (labels.length === 0) return [];
  return [
    h("svg:text.tick", { x: EDGE.left, y: HEIGHT - 6 }, labels[0]),
    h("svg:text.tick", { x: WIDTH - EDGE.right, y: HEIGHT - 6, "text-anchor": "end" }, labels.at(-1)),
  ];
}

function y(value, most) {
  return HEIGHT - EDGE.bottom - (most ? value / most : 0) * (HEIGHT - EDGE.top - EDGE.bottom);
}

/** Return the end of the axis: a round number that is not below `value`. */
function niceTop(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((top) => top >= value);
}
