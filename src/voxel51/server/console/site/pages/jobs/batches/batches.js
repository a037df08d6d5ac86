/** The list of batches: each an analytic on many videos, with its progress. */

import { each, h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { every, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { hasScope } from "../../../core/session.js";
import { checkbox } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { emptyState, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { batchProgress, isOpen, stateOf } from "./progress.js";

const POLL_MILLISECONDS = 3000;
const PAGE = 50;

export function page() {
  const isArchived = signal(false);
  const older = signal([]);
  let reloadList = () => {};
  let open = false;
  every(POLL_MILLISECONDS, () => open && reloadList());
  const list = loaded(
    async (aborted) => {
      older.value = [];
      return get("/batches", { archived: isArchived.peek() ? "true" : undefined, limit: PAGE }, { signal: aborted });
    },
    ({ batches, next_cursor: cursor }, reload) => {
      reloadList = reload;
      open = batches.some(isOpen);
      if (batches.length === 0) return empty(isArchived.peek());
      return [table(batches, older), more(cursor, older, isArchived)];
    },
  );
  const archived = checkbox("Archived", {
    onchange: ({ target }) => {
      isArchived.value = target.checked;
      reloadList();
    },
  });
  return subpage("/jobs", "Batches", null, h("section.listing", { "aria-label": "Batches" }, h("div.tools", {}, archived), list));
}

function table(batches, older) {
  const titles = ["Name", "Analytic", "State", "Progress", "Items", "Created"];
  const row = (batch) => {
    const cells = [
      h("a", { href: `/jobs/batches/${encodeURIComponent(batch.id)}` }, h("bdi", {}, batch.name)),
      [batch.analytic, " ", h("span.muted", {}, batch.version)],
      stateOf(batch),
      batchProgress(batch),
      count(batch.items),
      timeAgo(batch.created_date),
    ];
    return h("tr", {}, cells.map((cell, index) => h("td", { class: titles[index] === "Items" ? "number" : "wide", "data-title": titles[index] }, cell)));
  };
  return h(
    "table",
    { "aria-label": "Batches" },
    h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, batches.map(row), each(() => older.value, ({ id }) => id, (entry) => row(entry.peek()))),
  );
}

/** A button that adds the next page below the table. */
function more(first, older, isArchived) {
  const cursor = signal(first);
  const load = async () => {
    const found = await get("/batches", { archived: isArchived.peek() ? "true" : undefined, limit: PAGE, cursor: cursor.peek() });
    older.update((known) => [...known, ...found.batches]);
    cursor.value = found.next_cursor;
  };
  return h("p", {}, () => cursor.value && h("button", { type: "button", onclick: load }, "Show older batches"));
}

function empty(isArchived) {
  if (isArchived) return emptyState("No archived batches", "Batches that you archive appear here.");
  return emptyState("No batches yet", "A batch runs an analytic on many videos. Select videos in the list and choose an analytic.", hasScope("run") && h("a.button.primary", { href: "/data" }, "Select videos"));
}
