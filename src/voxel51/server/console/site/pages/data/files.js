/** The list of videos and other files: search, filters, table and card view, batch actions. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { clock, size } from "../../core/format.js";
import { allOf } from "../../core/query.js";
import { every, signal } from "../../core/reactive.js";
import { navigate, route, setQuery } from "../../core/router.js";
import { hasScope } from "../../core/session.js";
import { button, select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { queryHelp } from "../../parts/query-help.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { dropZone, uploadButton } from "../../uploads/upload-controls.js";
import { retentionSelect } from "../../uploads/retention.js";
import { onAdded } from "../../uploads/queue.js";
import { exportMatching, exportVideos } from "../jobs/export-dataset.js";
import { chartsPage } from "../search/charts.js";
import { momentsPage } from "../search/moment-query.js";
import { changeExpiry, downloadAll, remove, runOn, runOnMatching } from "./actions.js";
import { addMatchingToCollection, addTags, addTagsToMatching, addToCollection } from "./collect.js";
import { collectionFilters } from "./collection-filters.js";
import { fileCard, pathOf, thumbnail } from "./file-card.js";
import { factFilters } from "./fact-filters.js";
import { found } from "./found.js";
import { savedSearches } from "./saved-searches.js";
import { MEDIA_GROUPS, mediaTypeTerm, typeName } from "./media-types.js";

const FIELDS = "id,name,size,type,upload_date,expiration_date,duration_seconds,width,height,frame_rate,video_codec,tags,labels,analytics";
const FACTS_MILLISECONDS = 4000;
const NEW_MILLISECONDS = 300_000;
const MOST_ATTEMPTS = 15;
const VIEW_KEY = "view of videos";
const EXAMPLES = [
  ["street", "name, type or id contains “street”"],
  ["name:cam1|cam2", "name contains “cam1” or “cam2”"],
  ["type:mp4,name:night", "both conditions match"],
  ["duration_seconds:>600", "longer than ten minutes"],
  ["label:person", "a job found a person"],
  ["not_run:voxel51/object-tracks", "this analytic has not run"],
];

export function page() {
  const kind = signal(route.peek().query.get("kind") ?? "");
  const view = signal(localStorage.getItem(VIEW_KEY) === "cards" ? "cards" : "table");
  const collected = collectionFilters();
  const facts = factFilters();
  const list = listing({
    label: "Videos",
    load,
    columns: columns(),
    sort: "upload_date:desc",
    hint: "Search by name or type",
    terms: () => allOf(mediaTypeTerm(kind.value), collected.terms(), facts.terms()),
    filters: [queryHelp(EXAMPLES), facts.node, savedSearches(() => list.present()), kindFilter(kind), collected.collection, h("a", { href: "/collections" }, "Collections"), h("a", { href: "/sources" }, "Sources"), button("Moments", () => navigate(momentsPage({ search: list.present().search ?? "" })), { kind: "link", title: "See what was found in these videos" }), button("Charts", () => navigate(chartsPage({ search: list.present().search ?? "" })), { kind: "link", title: "Count what was found in these videos" }), h("span.grow"), viewSwitch(view), collected.tags],
    actions: actions(collected.reload),
    card: (row) => fileCard(row.value),
    isCards: () => view.value === "cards",
    empty,
  });
  onAdded(list.reload);
  followNewFacts(list);
  const retention = h("span", { hidden: () => list.total.value === 0 }, retentionSelect()); // the drop zone of an empty list has its own
  return [heading("Videos", hasScope("upload") && [retention, uploadButton()]), list.node];
}

async function load({ search, sort, offset, limit, signal: aborted }) {
  const { data, ...totals } = await get("/data", { fields: FIELDS, search, sort, offset, limit }, { signal: aborted });
  return { rows: data, ...totals };
}

function columns() {
  return [
    { title: "Name", sort: "name", kind: "wide", cell: nameCell },
    { title: "Found", cell: (row) => found(row.value) },
    { title: "Size", sort: "size", kind: "number", cell: (row) => size(row.value.size) },
    { title: "Duration", sort: "duration_seconds", kind: "number", cell: (row) => (row.value.duration_seconds === null ? "" : clock(row.value.duration_seconds)) },
    { title: "Resolution", sort: "height", kind: "number", cell: (row) => resolution(row.value) },
    { title: "Type", sort: "type", cell: (row) => h("span", { title: row.value.type }, typeName(row.value)) },
    { title: "Uploaded", sort: "upload_date", cell: (row) => timeAgo(row.value.upload_date) },
    { title: "Expires", sort: "expiration_date", cell: (row) => timeAgo(row.value.expiration_date) },
  ];
}

function resolution({ width, height, frame_rate: rate, video_codec: codec }) {
  const details = [rate && `${Number(rate.toFixed(2))} fps`, codec].filter(Boolean).join(" · ");
  return [width ? `${width} × ${height}` : "", details && h("p.muted.facts-line", {}, details)];
}

/** Reload the list some times while it shows videos that have just arrived: the platform reads their length and resolution after the upload. */
function followNewFacts(list) {
  let attempts = 0;
  onAdded(() => (attempts = 0));
  every(FACTS_MILLISECONDS, () => {
    const isAwaited = ({ type, duration_seconds: seconds, upload_date: date }) => type?.startsWith("video/") && seconds === null && Date.now() - Date.parse(date) < NEW_MILLISECONDS;
    if (attempts >= MOST_ATTEMPTS || !list.rows.peek().some(isAwaited)) return;
    attempts += 1;
    return list.reload();
  });
}

const nameCell = ({ value: record }) => [
  h("a.file-link", { href: pathOf(record) }, thumbnail(record), h("bdi", {}, record.name)),
  record.tags?.length > 0 && h("p.muted", { "aria-label": "Tags" }, record.tags.join(", ")),
];

function actions(reloadFilters) {
  const then = (act) => async (rows) => (await act(rows)) && reloadFilters();
  return [
    hasScope("run") && { title: "Run an analytic", symbol: "play", run: runOn, runAll: runOnMatching },
    { title: "Download", symbol: "download", run: downloadAll },
    hasScope("upload") && { title: "Add tags", symbol: "add", run: then(addTags), runAll: then(addTagsToMatching) },
    hasScope("upload") && { title: "Add to collection", symbol: "grid", run: then(addToCollection), runAll: then(addMatchingToCollection) },
    hasScope("run") && { title: "Export dataset", symbol: "grid", run: exportVideos, runAll: exportMatching },
    hasScope("upload") && { title: "Change expiry", symbol: "clock", run: changeExpiry },
    hasScope("upload") && { title: "Delete", symbol: "trash", run: remove, isDangerous: true },
  ].filter(Boolean);
}

function kindFilter(kind) {
  return select([["", "All files"], ...Object.entries(MEDIA_GROUPS).map(([name, [title]]) => [name, title])], {
    "aria-label": "Type",
    value: kind.peek(),
    onchange: ({ target }) => {
      kind.value = target.value;
      setQuery({ kind: target.value });
    },
  });
}

function viewSwitch(view) {
  const choose = (name) => {
    view.value = name;
    localStorage.setItem(VIEW_KEY, name);
  };
  const one = (name, title, symbol) => h("button", { type: "button", "aria-label": title, title, "aria-pressed": () => String(view.value === name), onclick: () => choose(name) }, icon(symbol));
  return h("span.switch", { role: "group", "aria-label": "View" }, one("table", "Table view", "list"), one("cards", "Card view", "grid"));
}

function empty() {
  if (hasScope("upload")) return dropZone("Drop your first video here");
  return emptyState("No videos", "Videos appear here. Your role is viewer, so you cannot upload videos yourself; ask the operator of the platform to change your role.");
}
