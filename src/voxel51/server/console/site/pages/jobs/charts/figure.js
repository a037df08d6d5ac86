/** Figures with charts: each bar is a link to its frames, and each chart can be saved as PNG and CSV. */

import { save } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { button } from "../../../parts/form.js";
import { csvOf } from "./csv.js";
import { chartPicture } from "./picture.js";

/**
 * @param {{name}} job for the names of the files
 * @param {object} content `node` (the chart), `picture` (for `chartPicture`), and `header` and `rows` of the CSV file
 */
export function chartFigure(job, title, { node, picture, header, rows }) {
  const filename = `${job.name} - ${title}`.replace(/[^\p{L}\p{N}._ -]+/gu, "_");
  return h(
    "figure.chart-figure",
    { "aria-label": title },
    node,
    h(
      "div.actions",
      {},
      button("PNG", async () => save(await chartPicture(picture), `${filename}.png`, "image/png"), { symbol: "download", kind: "plain", "aria-label": `Save “${title}” as PNG` }),
      button("CSV", () => save(csvOf([header, ...rows]), `${filename}.csv`, "text/csv"), { symbol: "download", kind: "plain", "aria-label": `Save “${title}” as CSV` }),
    ),
  );
}

/**
 * Horizontal bars.
 *
 * @param {Array<string>} header names of the columns of the CSV file: what is counted, its value, and the frame
 * @param {Array<{label, value, text, detail?, href?, leadsTo?, frame?, raw?, colour?}>} bars `detail` is a line below the bar, `raw` stands for the label in the CSV file
 * @param {Array<Array>} [rows] of the CSV file, if they are not those of the bars
 */
export function barChart(job, title, header, bars, rows = bars.map(({ label, raw, value, frame }) => [raw ?? label, value, frame ?? ""])) {
  const most = Math.max(...bars.map(({ value }) => value), 1e-9);
  const bar = ({ label, value, text, detail, colour }) => [
    h("span.bar-label", {}, h("bdi", {}, label)),
    h("span.bar-value", {}, text),
    h("span.bar-track", { "aria-hidden": "true" }, h("span.bar-fill", { style: { width: `${(100 * value) / most}%`, ...(colour && { background: colour }) } })),
    detail && h("span.bar-detail", {}, detail),
  ];
  const node = h(
    "div.bar-chart",
    {},
    h("p.bar-title", {}, title),
    h("ul", {}, bars.map((each) => h("li", {}, each.href && each.value ? h("a", { href: each.href, title: each.leadsTo ?? "Go to the frame" }, bar(each)) : h("div", {}, bar(each))))),
  );
  return chartFigure(job, title, { node, picture: { kind: "bars", title, bars }, header, rows });
}
