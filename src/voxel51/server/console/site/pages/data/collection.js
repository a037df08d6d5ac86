/** The page of one collection: its files, of all their owners, to search, download and remove. */

import { h } from "../../core/dom.js";
import { call, download, get, pause } from "../../core/api.js";
import { clock, count, size } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { listing } from "../../parts/listing.js";
import { loadedRecord } from "../../parts/load.js";
import { notify } from "../../parts/notices.js";
import { icon } from "../../parts/icons.js";

const FIELDS = "id,name,size,type,upload_date,duration_seconds,width,height,tags";
const BETWEEN_DOWNLOADS_MILLISECONDS = 400;

export function page({ id }) {
  const path = `/collections/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).collection,
    { noun: "collection", list: "/collections" },
    (collection) => [
      h("a.back", { href: "/collections" }, icon("back"), "Collections"),
      heading(h("bdi", {}, collection.name)),
      h("p.muted", {}, collection.description || `Of ${collection.owner}`),
      members(path, collection).node,
    ],
  );
}

function members(path, { role }) {
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
      role !== "viewer" && hasScope("upload") && { title: "Remove", symbol: "close", run: (rows) => removeMembers(path, rows) },
    ].filter(Boolean),
    empty: () => emptyState("No videos", "Select videos in the list of videos, and add them to this collection.", h("a.button", { href: "/data" }, "Videos")),
  });
}

async function downloadMembers(path, rows) {
  for (const [index, { id, name }] of rows.entries()) {
    if (index) await pause(BETWEEN_DOWNLOADS_MILLISECONDS);
    download(`${path}/data/${encodeURIComponent(id)}/download`, {}, name);
  }
}

async function removeMembers(path, rows) {
  const { changed } = await call("POST", `${path}/members`, { json: { action: "remove", ids: rows.map(({ id }) => id) } });
  notify(`${count(changed)} removed from the collection`);
}
