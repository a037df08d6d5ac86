/** The page of one collection: its files, of all their owners, to search, run analytics on, download and remove. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { clock, count, size } from "../../core/format.js";
import { term } from "../../core/query.js";
import { navigate } from "../../core/router.js";
import { hasScope } from "../../core/session.js";
import { downloadEach } from "../../parts/downloads.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { button } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { loadedRecord } from "../../parts/load.js";
import { notify } from "../../parts/notices.js";
import { icon } from "../../parts/icons.js";
import { memberPoster } from "../../parts/poster.js";
import { canShare } from "../../parts/share-dialog.js";
import { exportCollection } from "../jobs/export-dataset.js";
import { chartsPage } from "../search/charts.js";
import { momentsPage } from "../search/moment-query.js";
import { memberPath, reviewMember } from "../jobs/review/member.js";
import { newRule } from "../jobs/rules/new-rule.js";
import { runOn, runOnCollection } from "./actions.js";
import { share } from "./collections.js";
import { pathOf, thumbnail } from "./file-card.js";
import { found } from "./found.js";
import { isVideo } from "./media-types.js";

const FIELDS = "id,name,size,type,upload_date,duration_seconds,width,height,tags";

export function page({ id }) {
  const path = `/collections/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).collection,
    { noun: "collection", list: "/collections" },
    (collection) => [
      h("a.back", { href: "/collections" }, icon("back"), "Collections"),
      heading(h("bdi", {}, collection.name), actions(collection)),
      h("p.muted", {}, [collection.description, collection.role !== "owner" && `Shared by ${collection.owner}; you are its ${collection.role}`].filter(Boolean).join(" · ")),
      members(path, collection).node,
    ],
  );
}

function actions(collection) {
  const { id, role, data_count: number } = collection;
  return [
    hasScope("run") && number > 0 && button("Run an analytic", () => runOnCollection(collection), { symbol: "play", kind: "primary", title: "Run an analytic on your videos in this collection" }),
    hasScope("run") && role !== "viewer" && button("New rule…", async () => (await newRule(`collection ${id}`)) && navigate("/jobs/rules"), { symbol: "add", title: "Run an analytic on each video that you add to this collection" }),
    h("a.button", { href: momentsPage({ collection: id }) }, "Moments"),
    h("a.button", { href: chartsPage({ collection: id }) }, "Charts"),
    hasScope("run") && button("Export dataset", () => exportCollection(collection), { symbol: "grid" }),
    role === "owner" && canShare() && button("Share", () => share(collection), { symbol: "share" }),
  ];
}

/** Fetch members; those of this user come with what was found in them, which the list of a collection does not tell. */
async function load(path, { search, sort, offset, limit, signal }) {
  const { data, ...totals } = await get(`${path}/data`, { fields: FIELDS, search, sort, offset, limit }, { signal });
  const ids = data.map(({ id }) => id);
  const own = ids.length ? (await get("/data", { fields: "id,labels,analytics", search: term("id", ...ids), limit: ids.length }, { signal })).data : [];
  const known = new Map(own.map((record) => [record.id, { ...record, isOwn: true }]));
  return { rows: data.map((record) => ({ ...record, ...known.get(record.id) })), ...totals };
}

function nameCell(collection, record) {
  const content = [record.isOwn || !isVideo(record) ? thumbnail(record) : memberPoster(collection, record.id), h("bdi", {}, record.name)];
  return [
    h("a.file-link", { href: record.isOwn ? pathOf(record) : memberPath({ collection, data: record.id }) }, content),
    record.tags?.length > 0 && h("p.muted", { "aria-label": "Tags" }, record.tags.join(", ")),
  ];
}

function members(path, { id, role }) {
  return listing({
    label: "Videos in this collection",
    load: (criteria) => load(path, criteria),
    columns: [
      { title: "Name", sort: "name", kind: "wide", cell: ({ value }) => nameCell(id, value) },
      { title: "Found", cell: ({ value }) => found(value) },
      { title: "Size", sort: "size", kind: "number", cell: ({ value }) => size(value.size) },
      { title: "Duration", sort: "duration_seconds", kind: "number", cell: ({ value }) => (value.duration_seconds === null ? "" : clock(value.duration_seconds)) },
      { title: "Resolution", sort: "height", kind: "number", cell: ({ value }) => (value.width ? `${value.width} × ${value.height}` : "") },
      { title: "Uploaded", sort: "upload_date", cell: ({ value }) => timeAgo(value.upload_date) },
    ],
    sort: "upload_date:desc",
    hint: "Search by name or type",
    actions: [
      hasScope("run") && { title: "Run an analytic", symbol: "play", run: runOn, isFor: ({ isOwn }) => isOwn },
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
