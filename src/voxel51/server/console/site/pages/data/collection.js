/** The page of one collection: its files, of all their owners, to search, download and remove. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { clock, count, size } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { downloadEach } from "../../parts/downloads.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { button } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { loadedRecord } from "../../parts/load.js";
import { notify } from "../../parts/notices.js";
import { icon } from "../../parts/icons.js";
import { exportCollection } from "../jobs/export-dataset.js";
import { chartsPage } from "../search/charts.js";
import { momentsPage } from "../search/moment-query.js";
import { reviewMember } from "../jobs/review/member.js";

const FIELDS = "id,name,size,type,upload_date,duration_seconds,width,height,tags";

export function page({ id }) {
  const path = `/collections/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).collection,
    { noun: "collection", list: "/collections" },
    (collection) => [
      h("a.back", { href: "/collections" }, icon("back"), "Collections"),
      heading(h("bdi", {}, collection.name), h("a.button", { href: momentsPage({ collection: id }) }, "Moments"), h("a.button", { href: chartsPage({ collection: id }) }, "Charts"), hasScope("run") && button("Export dataset", () => exportCollection(collection), { symbol: "grid" })),
      h("p.muted", {}, collection.description || `Of ${collection.owner}`),
      members(path, collection).node,
    ],
  );
}

function members(path, { id, role }) {
  return listing({
    label: "Videos in this collection",
    load: async ({ search, sort, offset, limit, signal }) => {
      const { data, ...totals } = await get(`${path}/data`, { fields: FIELDS, search, sort, offset, limit }, { signal });
      return { rows: data, ...totals };
    },
    columns: [
      { title: "Name", sort: "name", kind: "wide", cell: ({ value }) => [h("bdi", {}, value.name), value.tags?.length > 0 && h("p.muted", { "aria-label": "Tags" }, value.tags.join(", "))] },
      { title: "Size", sort: "size", kind: "number", cell: ({ value }) => size(value.size) },
      { title: "Duration", sort: "duration_seconds", kind: "number", cell: ({ value }) => (value.duration_seconds === null ? "" : clock(value.duration_seconds)) },
      { title: "Resolution", sort: "height", kind: "number", cell: ({ value }) => (value.width ? `${value.width} × ${value.height}` : "") },
      { title: "Uploaded", sort: "upload_date", cell: ({ value }) => timeAgo(value.upload_date) },
    ],
    sort: "upload_date:desc",
    hint: "Search by name or type",
    actions: [
      { title: "Download", symbol: "download", run: (rows) => downloadMembers(path, rows) },
      role !== "viewer" && hasScope("run") && { title: "Review labels", symbol: "check", run: ([row]) => reviewMember({ collection: id, data: row.id }), isFor: (row) => row.type?.startsWith("video/") },
      role !== "viewer" && hasScope("upload") && { title: "Remove", symbol: "close", run: (rows) => removeMembers(path, rows) },
    ].filter(Boolean),
    empty: () => emptyState("No videos", "Select videos in the list of videos, and add them to this collection.", h("a.button", { href: "/data" }, "Videos")),
  });
}

const downloadMembers = (path, rows) => downloadEach(rows.map(({ id, name }) => ({ path: `${path}/data/${encodeURIComponent(id)}/download`, query: {}, name })));

async function removeMembers(path, rows) {
  const { changed } = await call("POST", `${path}/members`, { json: { action: "remove", ids: rows.map(({ id }) => id) } });
  notify(`${count(changed)} removed from the collection`);
}
