/** What was done to the account, by whom. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { dateTime } from "../../core/format.js";
import { actor, details } from "../../parts/audit-cells.js";
import { listing } from "../../parts/listing.js";
import { emptiness } from "../../parts/show.js";
import { accountPage } from "./around.js";

export function page() {
  const list = listing({
    label: "Activity",
    load: async ({ search, sort, offset, limit, signal }) => {
      const found = await get("/account/audit", { search, sort, offset, limit }, { signal });
      return { rows: found.audit.map((entry) => ({ ...entry, id: String(entry.id) })), count: found.count };
    },
    columns: [
      { title: "When", sort: "id", cell: (row) => h("time", { datetime: row.value.date }, dateTime(row.value.date)) },
      { title: "What", cell: (row) => row.value.action },
      { title: "By", cell: (row) => actor(row.value.actor) },
      { title: "Details", kind: "wide", cell: (row) => details(row.value.details, ["id", "session"]) },
    ],
    sort: "id:desc",
    hint: "Search, such as: token",
    empty: () => emptiness("Nothing yet", "What is done to your account is written down here."),
  });
  return accountPage("Activity", null, h("p.soft", {}, "What was done to your account, and by whom. Tell the operator of the platform where you find something that was not you."), list.node);
}
