/** The page of one rule: what it runs, its last failure, and the videos that it noted with their jobs. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { every, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { navigate } from "../../../core/router.js";
import { hasScope } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button } from "../../../parts/form.js";
import { loaded, loadedRecord } from "../../../parts/load.js";
import { attempt } from "../../../parts/notices.js";
import { emptyState, facts, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { ruleState, videosOf } from "./rules.js";

const POLL_MILLISECONDS = 3000;
const PAGE = 50;
const COUNTED = ["complete", "reused", "failed", "active", "waiting"];
const KINDS = { COMPLETE: "good", REUSED: "good", FAILED: "bad", ACTIVE: "busy" };
const TITLES = ["Video", "Analytic", "State", "Result", "Noted"];

export function page({ id }) {
  const path = `/rules/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).rule,
    { noun: "rule", list: "/jobs/rules" },
    (first) => view(path, first),
  );
}

function view(path, first) {
  const rule = signal(first);
  const items = itemTable(path);
  const update = (changed) => {
    const isChanged = JSON.stringify(changed.counts) !== JSON.stringify(rule.peek().counts);
    rule.value = changed;
    if (isChanged) items.reload();
  };
  let isDeleted = false;
  const remove = async () => {
    isDeleted = true; // before the platform deletes it: a poll would ask for a rule that is not there
    await call("DELETE", path).catch((error) => {
      isDeleted = false;
      throw error;
    });
    navigate("/jobs/rules");
  };
  every(POLL_MILLISECONDS, () => isDeleted || get(path).then(({ rule: read }) => update(read), () => {})); // the next poll may succeed
  return subpage("/jobs", first.name, () => hasScope("run") && actions(path, rule.value, update, remove), h("section.card", { "aria-label": "Rule" }, () => summary(rule.value)), h("h2.part", {}, "Videos"), items.node);
}

function summary(rule) {
  const numbers = COUNTED.filter((name) => rule.counts[name]).map((name) => `${count(rule.counts[name])} ${name}`);
  const { last_failure: failure } = rule;
  return [
    h("p", { role: "status" }, ruleState(rule), " ", h("span.muted", {}, numbers.join(", ") || "no videos yet")),
    facts([
      ["Videos", videosOf(rule)],
      ...rule.runs.map((run) => ["Runs", [run.analytic, " ", h("span.muted", {}, run.version ?? "latest version", parametersText(run.parameters))]]),
      ["Created", timeAgo(rule.created_date)],
      ["Last failure", failure && [timeAgo(failure.date), ": ", h("bdi", {}, failure.message)]],
    ]),
  ];
}

const parametersText = (parameters) => Object.entries(parameters).map(([name, value]) => `, ${name} = ${JSON.stringify(value)}`).join("");

function actions(path, rule, update, remove) {
  const change = (action) => () => attempt(async () => update((await call("PUT", `${path}/${action}`)).rule));
  const askAndRemove = async () => (await confirmAction("Delete this rule?", "It starts no more jobs. The jobs that it started stay.", "Delete")) && remove();
  return [
    rule.counts.failed > 0 && button(`Retry ${count(rule.counts.failed)} failed`, change("retry"), { kind: "primary", symbol: "refresh" }),
    rule.state === "ACTIVE" ? button("Pause", change("pause"), { symbol: "pause" }) : button("Resume", change("resume"), { symbol: "play" }),
    button("Delete", askAndRemove, { symbol: "trash" }),
  ];
}

/** The table of the videos, page by page, and a function that loads the present page again. */
function itemTable(path) {
  const cursors = signal([null]); // of the pages up to the present one
  let reload = () => {};
  const go = (changed) => {
    cursors.value = changed;
    return reload();
  };
  const pager = (next) =>
    (next || cursors.peek().length > 1) &&
    h(
      "nav.pager",
      { "aria-label": "Pages" },
      button("Previous", () => go(cursors.peek().slice(0, -1)), { disabled: cursors.peek().length === 1 }),
      button("Next", () => go([...cursors.peek(), next]), { disabled: !next }),
    );
  const content = loaded(
    (aborted) => get(`${path}/items`, { limit: PAGE, cursor: cursors.peek().at(-1) ?? undefined }, { signal: aborted }),
    (found, again) => {
      reload = again;
      return found.items.length ? [table(found.items), pager(found.next_cursor)] : emptyState("No videos yet", "Videos that are added from now on appear here.");
    },
  );
  return { node: h("section.listing", { "aria-label": "Videos of the rule" }, content), reload: () => reload() };
}

function table(items) {
  const row = (item) => {
    const cells = [
      h("a", { href: `/data/${encodeURIComponent(item.data_id)}` }, h("bdi", {}, item.filename)),
      item.analytic,
      h("span.state", { class: KINDS[item.state] ?? "" }, (item.state === "ACTIVE" ? (item.job_state ?? item.state) : item.state).toLowerCase()),
      [item.job_id && h("a", { href: `/jobs/${encodeURIComponent(item.job_id)}` }, "Job"), item.message && h("span.muted", {}, " ", h("bdi", {}, item.message))],
      timeAgo(item.noted_date),
    ];
    return h("tr", {}, cells.map((cell, index) => h("td.wide", { "data-title": TITLES[index] }, cell)));
  };
  return h("table", { "aria-label": "Videos" }, h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, items.map(row)));
}
