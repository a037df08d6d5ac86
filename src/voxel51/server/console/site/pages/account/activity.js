/** The activity page: the audit log of the account. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { dateTime } from "../../core/format.js";
import { actor, details } from "../../parts/audit-cells.js";
import { listing } from "../../parts/listing.js";
import { emptyState } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";

export function page() {
  const list = listing({
    label: "Activity",
    load: async ({ search, sort, offset, limit, signal }) => {
      const found = await get("/account/audit", { search, sort, offset, limit }, { signal });
      return { rows: found.audit.map((entry) => ({ ...entry, id: String(entry.id) })), count: found.count, is_count_exact: found.is_count_exact };
    },
    columns: [
      { title: "Time", sort: "id", cell: (row) => h("time", { datetime: row.value.date }, dateTime(row.value.date)) },
      { title: "Action", cell: (row) => row.value.action },
      { title: "By", cell: (row) => actor(row.value.actor) },
      { title: "Details", kind: "wide", cell: (row) => details(row.value.details, ["id", "session"]) },
    ],
    sort: "id:desc",
    hint: "Search, for example: token",
    empty: () => emptyState("No activity yet", "Changes to your account appear here."),
  });
  const text = "Changes to your account, and who made them. If you find one that you do not recognise, change your password and tell the operator of the platform.";
  return subpage("/account", "Activity", null, h("p.muted", {}, text), list.node);
}
