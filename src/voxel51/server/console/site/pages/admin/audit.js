/** What was done to every account, and by whom. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { dateTime } from "../../core/format.js";
import { actor, details } from "../../parts/audit-cells.js";
import { listing } from "../../parts/listing.js";
import { emptiness } from "../../parts/show.js";
import { adminPage } from "./around.js";

export function page() {
  return adminPage("Audit log", () => [h("p.soft", {}, "What was done to every account, and by whom. Secrets are never in it."), entries().node]);
}

function entries() {
  return listing({
    label: "Audit log",
    load: async ({ search, sort, offset, limit, signal }) => {
      const { audit, count } = await get("/admin/audit", { search, sort, offset, limit }, { signal });
      return { rows: audit.map((entry) => ({ ...entry, id: String(entry.id) })), count };
    },
    columns: [
      { title: "When", sort: "id", cell: (row) => h("time", { datetime: row.value.date }, dateTime(row.value.date)) },
      { title: "Who", sort: "actor", cell: (row) => actor(row.value.actor) },
      { title: "Did what", sort: "action", cell: (row) => row.value.action },
      { title: "To whom", sort: "account", kind: "named", cell: (row) => row.value.account },
      { title: "Details", kind: "wide", cell: (row) => details(row.value.details) },
    ],
    sort: "id:desc",
    hint: "Search, such as: token, or actor:olivia",
    empty: () => emptiness("Nothing yet", "What is done to accounts is written down here."),
  });
}
