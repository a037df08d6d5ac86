/** Results as a table: videos by the parameter sets of a sweep or by batches, each cell with a figure, its job and a comparison with another column. */

import { h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { signal } from "../../../core/reactive.js";
import { count, duration } from "../../../core/format.js";
import { field, select } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { chartsPage } from "../../search/charts.js";

const MOST_ITEMS = 1000;
const SHOWN_LABELS = 3;
const ALL = "all labels";
const RUN_TIME = "run time";
const KINDS = { COMPLETE: "good", REUSED: "good", FAILED: "bad", CANCELLED: "bad", ACTIVE: "busy" };

/** Return what a table shows at first: signals of the figure, and of the column with which the others are compared. */
export const newChoice = () => ({ figure: signal(ALL), baseline: signal(0) });

/** Return the table of the results of a sweep, and a function that loads them again. */
export function pivotTable(path, batch) {
  const { figure, baseline } = newChoice();
  let reload = () => {};
  const content = loaded(
    (aborted) => get(`${path}/items`, { labels: "true", limit: MOST_ITEMS }, { signal: aborted }),
    (found, again) => {
      reload = again;
      const columns = columnsOf(batch);
      return [tools(found.items, columns, figure, baseline), table(found.items, columns, figure, baseline), found.next_cursor && h("p.muted", {}, `The first ${count(MOST_ITEMS)} runs are shown.`)];
    },
  );
  return { node: h("section.listing", { "aria-label": "Results by parameter set" }, content), reload: () => reload() };
}

/**
 * Return the figures of several batches side by side, for the videos that all of them have. If a video is in a column several times,
 * the last item counts.
 *
 * @param {Array<{batch, items}>} read
 * @param {object} choice as `newChoice` returns it; it outlives the table
 */
export function comparedBatches(read, { figure, baseline }) {
  const columns = read.flatMap(({ batch }) => columnsOf(batch, [`${batch.analytic} ${batch.version}`, batch.name]));
  const firsts = read.map((_, at) => read.slice(0, at).reduce((sum, { batch }) => sum + Math.max(1, batch.parameter_sets.length), 0));
  const videos = read.map(({ items }) => new Set(items.map(({ data_id: id }) => id)));
  const isCommon = ({ data_id: id }) => videos.every((each) => each.has(id));
  const items = read.flatMap(({ items: each }, at) => each.filter(isCommon).map((item) => ({ ...item, parameter_set: firsts[at] + item.parameter_set })));
  if (items.length === 0) return h("p.nothing", { role: "status" }, "The batches have no video in common.");
  return h("section.listing", { "aria-label": "Results by batch" }, h("p.muted", {}, "The videos that both batches have."), tools(items, columns, figure, baseline), table(items, columns, figure, baseline));
}

/** Return a column for each parameter set: its text, and the head with a link to its charts. `title` are lines above the parameters. */
function columnsOf({ id, parameter_sets: sets }, title = []) {
  const own = sets.length ? sets : [{}];
  return own.map((set, index) => {
    const text = [...title, ...(own.length > 1 ? [setText(set, own, index)] : [])].join(", ");
    const link = h("a", { href: chartsPage({ batch: id, ...(own.length > 1 && { parameter_set: index }) }), "aria-label": `Charts of ${text}` }, "Charts");
    return { text, head: [title.map((line, at) => h("div", {}, at ? h("span.muted", {}, h("bdi", {}, line)) : h("strong", {}, line))), own.length > 1 && parameterLines(set, own, index), h("div", {}, link)] };
  });
}

function tools(items, columns, figure, baseline) {
  const labels = [...new Set(items.flatMap((item) => Object.keys(item.labels ?? {})))].sort();
  const figures = [[ALL, "Tracks and events, all labels"], ...labels.map((label) => [`label ${label}`, `Tracks and events: ${label}`]), [RUN_TIME, "Run time"]];
  if (!figures.some(([name]) => name === figure.peek())) figure.value = ALL;
  return h(
    "div.tools",
    {},
    field("Figure", select(figures, { value: figure.peek(), onchange: ({ target }) => (figure.value = target.value) })),
    field("Compare with", select(columns.map(({ text }, index) => [String(index), text]), { value: String(baseline.peek()), onchange: ({ target }) => (baseline.value = Number(target.value)) })),
  );
}

function table(items, columns, figure, baseline) {
  const videos = new Map();
  for (const item of items) {
    if (!videos.has(item.data_id)) videos.set(item.data_id, { name: item.filename, cells: [] });
    videos.get(item.data_id).cells[item.parameter_set] = item;
  }
  const head = ({ text, head: content }, index) => h("th.number", { scope: "col", "aria-label": () => `${text}${index === baseline.value ? ", compared with" : ""}` }, content);
  const row = ([id, { name, cells }]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name === null ? h("span.muted", {}, "deleted") : h("a", { href: `/data/${encodeURIComponent(id)}` }, h("bdi", {}, name))),
      columns.map(({ text }, index) => h("td.number", { "data-title": text }, () => cell(cells[index], cells[baseline.value], figure.value))),
    );
  const totals = columns.map((_, index) => [...videos.values()].map(({ cells }) => cells[index]).filter(Boolean));
  return h(
    "div.scrolled",
    { tabindex: 0, role: "region", "aria-label": "Results by video and parameter set" },
    h(
      "table.pivot",
      { "aria-label": "Results by video and parameter set" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Video"), columns.map(head))),
      h("tbody", {}, [...videos].map(row)),
      videos.size > 1 && h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "Total"), totals.map((all, index) => h("td.number", { "data-title": columns[index].text }, () => totalText(all, figure.value))))),
    ),
  );
}

function cell(item, base, figure) {
  if (!item) return "";
  const isDone = item.state === "COMPLETE" || item.state === "REUSED";
  if (!isDone) {
    const text = (item.state === "ACTIVE" ? item.job_state : item.state).toLowerCase();
    const state = h("span.state", { class: KINDS[item.state] ?? "" }, text);
    return item.job_id ? h("a", { href: jobPath(item), title: item.message ?? "" }, state) : state;
  }
  const labels = Object.entries(item.labels ?? {}).sort(([, one], [, other]) => other - one);
  const most = labels.slice(0, SHOWN_LABELS).map(([label, number]) => `${label} ${count(number)}`).join(", ");
  const isComparable = base && base !== item && base.job_id && base.job_id !== item.job_id && (base.state === "COMPLETE" || base.state === "REUSED");
  return [
    h("a", { href: jobPath(item), title: labels.map(([label, number]) => `${label} ${count(number)}`).join(", ") }, h("strong", {}, figureText(item, figure))),
    difference(item, base, figure),
    figure === ALL && most && h("div.muted", {}, most),
    figure !== RUN_TIME && item.run_seconds !== null && h("div.muted", {}, duration(item.run_seconds)),
    isComparable && h("div", {}, h("a", { href: `/jobs/${encodeURIComponent(base.job_id)}/compare/${encodeURIComponent(item.job_id)}` }, "Compare")),
  ];
}

/** The difference of a figure to that of the set that is compared with. */
function difference(item, base, figure) {
  if (!base || base === item || !["COMPLETE", "REUSED"].includes(base.state) || figure === RUN_TIME) return null;
  const change = valueOf(item, figure) - valueOf(base, figure);
  return change !== 0 && h("span.muted", {}, ` ${change > 0 ? "+" : "−"}${count(Math.abs(change))}`);
}

const jobPath = ({ job_id: id }) => `/jobs/${encodeURIComponent(id)}`;

function valueOf({ labels = {}, run_seconds: seconds }, figure) {
  if (figure === RUN_TIME) return seconds ?? 0;
  if (figure === ALL) return Object.values(labels).reduce((sum, number) => sum + number, 0);
  return labels[figure.slice("label ".length)] ?? 0;
}

const figureText = (item, figure) => (figure === RUN_TIME ? duration(item.run_seconds) || "–" : count(valueOf(item, figure)));

function totalText(items, figure) {
  const done = items.filter(({ state }) => state === "COMPLETE" || state === "REUSED");
  const sum = done.reduce((total, item) => total + valueOf(item, figure), 0);
  if (figure === RUN_TIME) return duration(sum);
  const seconds = done.reduce((total, item) => total + (item.run_seconds ?? 0), 0);
  return [count(sum), h("div.muted", {}, duration(seconds))];
}

/** The parameters in which the sets differ, for one of them. */
function differing(set, sets) {
  const names = [...new Set(sets.flatMap(Object.keys))].filter((name) => new Set(sets.map((each) => JSON.stringify(each[name]))).size > 1);
  return names.map((name) => [name, name in set ? JSON.stringify(set[name]) : "default"]);
}

const setText = (set, sets, index) => `${index + 1}: ${differing(set, sets).map(([name, value]) => `${name} ${value}`).join(", ")}`;

const parameterLines = (set, sets, index) => [h("span.muted", {}, `Set ${index + 1}`), differing(set, sets).map(([name, value]) => h("div", {}, `${name} `, h("strong", {}, value)))];
