/** The audit log page: changes to all accounts, and who made them. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { dateTime } from "../../core/format.js";
import { actor, details } from "../../parts/audit-cells.js";
import { listing } from "../../parts/listing.js";
import { emptyState } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";

export function page() {
  return adminPage("Audit log", () => [h("p.muted", {}, "Changes to all accounts, and who made them. The log never contains secrets."), entries().node]);
}

function entries() {
  return listing({
    label: "Audit log",
    load: async ({ search, sort, offset, limit, signal }) => {
      const { audit, ...totals } = await get("/admin/audit", { search, sort, offset, limit }, { signal });
      return { rows: audit.map((entry) => ({ ...entry, id: String(entry.id) })), ...totals };
    },
    columns: [
      { title: "Time", sort: "id", cell: (row) => h("time", { datetime: row.value.date }, dateTime(row.value.date)) },
      { title: "By", sort: "actor", cell: (row) => actor(row.value.actor) },
      { title: "Action", sort: "action", cell: (row) => row.value.action },
      { title: "Account", sort: "account", cell: (row) => row.value.account },
      { title: "Details", kind: "wide", cell: (row) => details(row.value.details) },
    ],
    sort: "id:desc",
    hint: "Search, for example: token, or actor:olivia",
    empty: () => emptyState("No entries yet", "Changes to accounts appear here."),
  });
}
