/** The list of batches: each an analytic on many videos, with its progress. */

import { each, h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { computed, every, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { hasScope } from "../../../core/session.js";
import { button, checkbox } from "../../../parts/form.js";
import { loadError, resource } from "../../../parts/load.js";
import { emptyState, loading, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { batchProgress, isOpen, stateOf } from "./progress.js";

const POLL_MILLISECONDS = 3000;
const PAGE = 50;

export function page() {
  const isArchived = signal(false);
  const found = signal({ batches: [], cursor: null, isArchived: false });
  let shown = PAGE;
  // One request for each page, so that a reload keeps the older batches that are shown.
  const { state, reload } = resource(async (aborted) => {
    const [batches, archived] = [[], isArchived.peek()];
    let cursor;
    do {
      const page = await get("/batches", { archived: archived ? "true" : undefined, limit: PAGE, cursor }, { signal: aborted });
      batches.push(...page.batches);
      cursor = page.next_cursor;
    } while (cursor && batches.length < shown);
    found.value = { batches, cursor, isArchived: archived };
  });
  every(POLL_MILLISECONDS, () => found.peek().batches.some(isOpen) && reload());
  const older = () => {
    shown += PAGE;
    return reload();
  };
  const archived = checkbox("Archived", {
    onchange: ({ target }) => {
      isArchived.value = target.checked;
      shown = PAGE;
      reload();
    },
  });
  // Read separately, so that the table stays, with the focus in it, when a reload changes some rows.
  const error = computed(() => state.value.error);
  const isThere = computed(() => state.value.isThere);
  const isEmpty = computed(() => found.value.batches.length === 0);
  const isOfArchive = computed(() => found.value.isArchived);
  const hasMore = computed(() => Boolean(found.value.cursor));
  const list = () => {
    if (error.value) return loadError(error.value, reload);
    if (!isThere.value) return loading();
    if (isEmpty.value) return empty(isOfArchive.value);
    return [table(() => found.value.batches), h("p", {}, () => hasMore.value && button("Show older batches", older))];
  };
  return subpage("/jobs", "Batches", null, h("section.listing", { "aria-label": "Batches" }, h("div.tools", {}, archived), list));
}

function table(batches) {
  const titles = ["Name", "Analytic", "State", "Progress", "Items", "Created"];
  const row = (entry) => {
    const batch = entry.peek();
    const cells = [
      h("a", { href: `/jobs/batches/${encodeURIComponent(batch.id)}` }, h("bdi", {}, batch.name)),
      [batch.analytic, " ", h("span.muted", {}, batch.version)],
      () => stateOf(entry.value),
      () => batchProgress(entry.value),
      count(batch.items),
      timeAgo(batch.created_date),
    ];
    return h("tr", {}, cells.map((cell, index) => h("td", { class: titles[index] === "Items" ? "number" : "wide", "data-title": titles[index] }, cell)));
  };
  return h(
    "table",
    { "aria-label": "Batches" },
    h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, each(batches, ({ id }) => id, row)),
  );
}

function empty(isArchived) {
  if (isArchived) return emptyState("No archived batches", "Batches that you archive appear here.");
  return emptyState("No batches yet", "A batch runs an analytic on many videos. Select videos in the list and choose an analytic.", hasScope("run") && h("a.button.primary", { href: "/data" }, "Select videos"));
}
