/** The page of one batch: progress, actions, and the items with their results; a table of parameters for sweeps. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { every, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { hasScope } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button } from "../../../parts/form.js";
import { loadedRecord } from "../../../parts/load.js";
import { attempt } from "../../../parts/notices.js";
import { facts, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { itemTable } from "./items.js";
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
  const update = (changed) => {
    const isChanged = JSON.stringify(changed.counts) !== JSON.stringify(batch.peek().counts);
    batch.value = changed;
    if (isChanged) items.reload();
  };
  every(POLL_MILLISECONDS, async () => {
    if (isOpen(batch.peek())) await get(path).then(({ batch: read }) => update(read), () => {}); // the next poll may succeed
  });
  return subpage(
    "/jobs",
    first.name,
    () => hasScope("run") && actions(path, batch.value, update),
    h("section.card.batch", { "aria-label": "Progress" }, () => summary(batch.value)),
    first.parameter_sets.length > 1 && parameterSets(first.parameter_sets),
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
      ["At once", `at most ${count(batch.max_running)} jobs`],
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
    if (await confirmAction("Cancel this batch?", `${count(left)} items that have not ended are cancelled with their jobs. Results that are complete stay.`, "Cancel batch", { dismiss: "Keep running" })) await change("cancel")();
  };
  const retryable = batch.counts.failed + batch.counts.cancelled;
  return [
    retryable > 0 && button(`Retry ${count(retryable)} failed`, change("retry"), { kind: "primary", symbol: "refresh" }),
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
