/** The items of a batch, page by page, with a filter by state. */

import { h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { effect, signal } from "../../../core/reactive.js";
import { count, duration } from "../../../core/format.js";
import { button, select } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { posterOf } from "../../../parts/poster.js";

const PAGE = 50;
const MAX_LABELS = 4;
const STATES = [["", "All states"], ["WAITING", "Waiting"], ["ACTIVE", "Active"], ["COMPLETE", "Complete"], ["REUSED", "Reused"], ["FAILED", "Failed"], ["CANCELLED", "Cancelled"]];
const KINDS = { COMPLETE: "good", REUSED: "good", FAILED: "bad", CANCELLED: "bad", ACTIVE: "busy" };

/** Return the table of the items of the batch at `path`, and a function that loads its present page again. */
export function itemTable(path, batch) {
  const state = signal("");
  const cursors = signal([null]); // of the pages up to the present one
  let reload = () => {};
  const content = loaded(
    (aborted) => get(`${path}/items`, { state: state.peek() || undefined, labels: "true", limit: PAGE, cursor: cursors.peek().at(-1) ?? undefined }, { signal: aborted }),
    (found, again) => {
      reload = again;
      return [found.items.length ? table(found.items, batch) : h("p.nothing", { role: "status" }, "No items in this state."), pager(found.next_cursor)];
    },
  );
  const pager = (next) =>
    (next || cursors.peek().length > 1) &&
    h(
      "nav.pager",
      { "aria-label": "Pages" },
      button("Previous", () => go(cursors.peek().slice(0, -1)), { disabled: cursors.peek().length === 1 }),
      button("Next", () => go([...cursors.peek(), next]), { disabled: !next }),
    );
  const go = (changed) => {
    cursors.value = changed;
    return reload();
  };
  let shown = state.peek();
  effect(() => {
    if (state.value === shown) return;
    shown = state.value;
    go([null]);
  });
  const filter = select(STATES, { value: "", "aria-label": "State", onchange: ({ target }) => (state.value = target.value) });
  return { node: h("section.listing", { "aria-label": "Items of the batch" }, h("div.tools", {}, filter), content), reload: () => reload() };
}

function table(items, { parameter_sets: sets }) {
  const isSweep = sets.length > 1;
  const titles = ["Video", ...(isSweep ? ["Set"] : []), "State", "Result", "Run time"];
  const row = (item) =>
    h(
      "tr",
      {},
      h("td.wide", { "data-title": "Video" }, name(item)),
      isSweep && h("td", { "data-title": "Set" }, String(item.parameter_set + 1)),
      h("td", { "data-title": "State" }, h("span.state", { class: KINDS[item.state] ?? "" }, (item.state === "ACTIVE" ? item.job_state : item.state).toLowerCase())),
      h("td.wide", { "data-title": "Result" }, result(item)),
      h("td.number", { "data-title": "Run time" }, duration(item.run_seconds)),
    );
  return h("table", { "aria-label": "Items" }, h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, items.map(row)));
}

function name({ filename, data_id: dataId }) {
  if (filename === null) return h("span.muted", {}, "deleted");
  return h("a.file-link", { href: `/data/${encodeURIComponent(dataId)}` }, posterOf(dataId, filename), h("bdi", {}, filename));
}

const LINKS = { COMPLETE: "View result", REUSED: "View result", ACTIVE: "View job" };

function result({ job_id: jobId, state, message, labels }) {
  const counts = Object.entries(labels).sort(([, one], [, other]) => other - one);
  const more = counts.length - MAX_LABELS;
  const text = counts.slice(0, MAX_LABELS).map(([label, number]) => `${label} ${count(number)}`).join(", ");
  const link = jobId && h("a", { href: `/jobs/${encodeURIComponent(jobId)}` }, LINKS[state] ?? "View job");
  return [message && h("p.reason", {}, message), (text || link) && h("p.outcome", {}, text && h("span", {}, text, more > 0 && ` and ${count(more)} more`), link)];
}
