/** The usage ledger: what each owner stored and ran in a month, also owners and files that were deleted since. */

import { h } from "../../core/dom.js";
import { download, get } from "../../core/api.js";
import { navigate } from "../../core/router.js";
import { count, duration, size } from "../../core/format.js";
import { listing } from "../../parts/listing.js";
import { emptyState } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";
import { owner } from "./running-jobs.js";

const SECONDS_OF_DAY = 24 * 3600;

export function page({ query }) {
  const month = /^20\d\d-(0[1-9]|1[0-2])$/.test(query.get("month") ?? "") ? query.get("month") : present();
  return adminPage(
    "Usage by month",
    () => [h("p.muted", {}, "Months are in UTC. Deleted files and accounts count for the time in which they existed."), owners(month).node],
    () => actions(month),
  );
}

const present = () => new Date().toISOString().slice(0, 7);

function actions(month) {
  const chosen = h("input", { type: "month", value: month, max: present(), min: "2000-01", onchange: () => chosen.value && navigate(`/admin/usage/months?month=${chosen.value}`) });
  return [h("label.month", {}, "Month ", chosen), h("button", { type: "button", onclick: () => download("/admin/usage/table", { from: month, to: month }) }, "Download CSV")];
}

function owners(month) {
  return listing({
    label: "Owners",
    load: async ({ offset, limit, signal }) => {
      const found = await get(`/admin/usage/months/${month}`, {}, { signal });
      const rows = found.owners.map((each, place) => ({ ...each, id: String(place) }));
      return { rows: rows.slice(offset, offset + limit), count: rows.length };
    },
    columns: [
      { title: "Owner", kind: "wide", cell: (row) => [owner(row.value), row.value.deleted && h("span.muted", {}, " – deleted")] },
      { title: "Storage × days", kind: "number", cell: (row) => `${size(row.value.byte_seconds / SECONDS_OF_DAY)} · d` },
      { title: "Stored at the end", kind: "number", cell: (row) => size(row.value.stored_bytes) },
      { title: "Uploaded", kind: "number", cell: (row) => size(row.value.uploaded_bytes) },
      { title: "Jobs complete", kind: "number", cell: (row) => count(row.value.completed) },
      { title: "Jobs failed", kind: "number", cell: (row) => count(row.value.failed) },
      { title: "Job time", kind: "number", cell: (row) => duration(row.value.job_seconds) },
    ],
    sort: "",
    empty: () => emptyState("No usage in this month", "What each user stores and runs appears here."),
  });
}
