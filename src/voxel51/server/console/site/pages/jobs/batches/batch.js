/** The page of one batch: progress, actions, and the items with their results; a table of parameters for sweeps. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { every, onEnd, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { hasScope } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button } from "../../../parts/form.js";
import { loadedRecord } from "../../../parts/load.js";
import { attempt } from "../../../parts/notices.js";
import { facts, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { chartsPage } from "../../search/charts.js";
import { momentsPage } from "../../search/moment-query.js";
import { exportBatch } from "../export-dataset.js";
import { itemTable } from "./items.js";
import { chooseOtherBatch } from "./compare.js";
import { pivotTable } from "./pivot.js";
import { batchProgress, isOpen, stateOf } from "./progress.js";

const POLL_MILLISECONDS = 2000;

export function page({ id }) {
  const path = `/batches/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).batch,
    { noun: "batch", list: "/jobs/batches" },
    (first) => view(path, first),
  );
}

function view(path, first) {
  const batch = signal(first);
  const items = itemTable(path, first);
  const isSweep = first.parameter_sets.length > 1;
  const pivot = isSweep ? pivotTable(path, first) : null;
  const update = (changed) => {
    const isChanged = JSON.stringify(changed.counts) !== JSON.stringify(batch.peek().counts);
    batch.value = changed;
    if (!isChanged) return;
    items.reload();
    pivot?.reload();
  };
  const left = new AbortController();
  onEnd(() => left.abort());
  every(POLL_MILLISECONDS, async () => {
    const before = batch.peek();
    if (!isOpen(before)) return;
    const read = await get(path, {}, { signal: left.signal }).then((found) => found.batch, () => before); // the next poll may succeed
    if (batch.peek() === before && read !== before) update(read); // otherwise an action has changed it meanwhile
  });
  return subpage(
    "/jobs",
    first.name,
    () => [first.parameter_sets.length < 2 && [h("a.button", { href: momentsPage({ batch: first.id }) }, "Moments"), h("a.button", { href: chartsPage({ batch: first.id }) }, "Charts")], hasScope("run") && actions(path, batch.value, update)],
    h("section.card.batch", { "aria-label": "Progress" }, () => summary(batch.value)),
    isSweep && [h("h2.part", {}, "Results"), pivot.node, parameterSets(first.parameter_sets)],
    h("h2.part", {}, "Items"),
    items.node,
  );
}

function summary(batch) {
  return [
    h("p.progress", { role: "status" }, stateOf(batch), " ", batchProgress(batch)),
    facts([
      ["Analytic", `${batch.analytic} ${batch.version}`],
      ["Items", count(batch.items)],
      ["At once", `at most ${count(batch.max_running)} ${batch.max_running === 1 ? "job" : "jobs"}`],
      ["Earlier results", batch.fresh ? "computed again" : "reused"],
      ["Created", timeAgo(batch.created_date)],
      ["Ended", batch.end_date && timeAgo(batch.end_date)],
      ["Parameters", batch.parameter_sets.length === 1 && parametersText(batch.parameter_sets[0])],
    ]),
  ];
}

const parametersText = (parameters) => Object.entries(parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ");

function actions(path, batch, update) {
  const change = (action) => () => attempt(async () => update((await call("PUT", `${path}/${action}`)).batch));
  const cancel = async () => {
    const left = batch.counts.waiting + batch.counts.active;
    const text = left === 1 ? "1 item that has not ended is cancelled with its job." : `${count(left)} items that have not ended are cancelled with their jobs.`;
    if (await confirmAction("Cancel this batch?", `${text} Results that are complete stay.`, "Cancel batch", { dismiss: "Keep running" })) await change("cancel")();
  };
  const { failed, cancelled } = batch.counts;
  const which = failed && cancelled ? "failed and cancelled" : failed ? "failed" : "cancelled";
  return [
    failed + cancelled > 0 && button(`Retry ${count(failed + cancelled)} ${which}`, change("retry"), { kind: "primary", symbol: "refresh" }),
    batch.counts.complete + batch.counts.reused > 0 && [button("Compare", () => chooseOtherBatch(batch), { symbol: "compare" }), button("Export dataset", () => exportBatch(batch), { symbol: "grid" })],
    batch.state === "RUNNING" && button("Pause", change("pause"), { symbol: "pause" }),
    batch.state === "PAUSED" && button("Resume", change("resume"), { symbol: "play" }),
    isOpen(batch) ? button("Cancel batch", cancel) : button(batch.archived ? "Unarchive" : "Archive", change(batch.archived ? "unarchive" : "archive")),
  ];
}

/** The parameter sets of a sweep, by the numbers that the items show. */
function parameterSets(sets) {
  const names = [...new Set(sets.flatMap(Object.keys))];
  const cells = (set) => names.map((name) => h("td", { "data-title": name }, name in set ? JSON.stringify(set[name]) : h("span.muted", {}, "default")));
  return h(
    "section.card.listing",
    {},
    h("h2", {}, "Parameter sets"),
    h(
      "table",
      { "aria-label": "Parameter sets" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Set"), names.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, sets.map((set, index) => h("tr", {}, h("th", { scope: "row" }, String(index + 1)), cells(set)))),
    ),
  );
}
