/** The list of videos and other files: search, filters, table and card view, batch actions. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { size } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { route, setQuery } from "../../core/router.js";
import { hasScope } from "../../core/session.js";
import { select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { queryHelp } from "../../parts/query-help.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { dropZone, uploadButton } from "../../uploads/upload-controls.js";
import { retentionSelect } from "../../uploads/retention.js";
import { onAdded } from "../../uploads/queue.js";
import { changeExpiry, downloadAll, remove, runOn } from "./actions.js";
import { fileCard, pathOf, thumbnail } from "./file-card.js";
import { MEDIA_GROUPS, mediaTypeTerm, typeName } from "./media-types.js";

const FIELDS = "id,name,size,type,upload_date,expiration_date";
const VIEW_KEY = "view of videos";
const EXAMPLES = [
  ["street", "name, type or id contains “street”"],
  ["name:cam1|cam2", "name contains “cam1” or “cam2”"],
  ["type:mp4,name:night", "both conditions match"],
];

export function page() {
  const kind = signal(route.peek().query.get("kind") ?? "");
  const view = signal(localStorage.getItem(VIEW_KEY) === "cards" ? "cards" : "table");
  const list = listing({
    label: "Videos",
    load,
    columns: columns(),
    sort: "upload_date:desc",
    hint: "Search by name or type",
    terms: () => mediaTypeTerm(kind.value),
    filters: [queryHelp(EXAMPLES), kindFilter(kind), h("span.grow"), viewSwitch(view)],
    actions: actions(),
    card: (row) => fileCard(row.value),
    isCards: () => view.value === "cards",
    empty,
  });
  onAdded(list.reload);
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
    { title: "Size", sort: "size", kind: "number", cell: (row) => size(row.value.size) },
    { title: "Type", sort: "type", cell: (row) => h("span", { title: row.value.type }, typeName(row.value)) },
    { title: "Uploaded", sort: "upload_date", cell: (row) => timeAgo(row.value.upload_date) },
    { title: "Expires", sort: "expiration_date", cell: (row) => timeAgo(row.value.expiration_date) },
  ];
}

const nameCell = ({ value: record }) => h("a.file-link", { href: pathOf(record) }, thumbnail(record), h("bdi", {}, record.name));

function actions() {
  return [
    hasScope("run") && { title: "Run an analytic", symbol: "play", run: runOn },
    { title: "Download", symbol: "download", run: downloadAll },
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
