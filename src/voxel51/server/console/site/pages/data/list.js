/** All files that somebody has: found, looked through, and worked on many at once. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { size } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { place, setQuery } from "../../core/router.js";
import { may } from "../../core/session.js";
import { select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { queryHelp } from "../../parts/query-help.js";
import { emptiness, heading, when } from "../../parts/show.js";
import { dropZone, uploadButton } from "../../uploads/begin.js";
import { keepingChoice } from "../../uploads/keeping.js";
import { onAdded } from "../../uploads/queue.js";
import { changeExpiry, downloadAll, remove, runOn } from "./actions.js";
import { fileCard, pathOf } from "./card.js";
import { KINDS, kindTerm, typeName } from "./kinds.js";
import { thumbnail } from "./thumbnail.js";

const FIELDS = "id,name,size,type,upload_date,expiration_date";
const VIEW_KEY = "view of videos";
const EXAMPLES = [
  ["street", "name, type or id has “street” in it"],
  ["name:cam1|cam2", "the name has “cam1” or “cam2” in it"],
  ["type:mp4,name:night", "both must be so"],
];

export function page() {
  const kind = signal(place.peek().query.get("kind") ?? "");
  const view = signal(localStorage.getItem(VIEW_KEY) === "cards" ? "cards" : "table");
  const list = listing({
    label: "Videos",
    load,
    columns: columns(),
    sort: "upload_date:desc",
    hint: "Search by name or type",
    terms: () => kindTerm(kind.value),
    filters: [queryHelp(EXAMPLES), kindFilter(kind), h("span.grow"), viewSwitch(view)],
    actions: actions(),
    card: (row) => fileCard(row.value),
    isCards: () => view.value === "cards",
    empty,
  });
  onAdded(list.reload);
  const keeping = h("span", { hidden: () => list.total.value === 0 }, keepingChoice()); // the place to drop files has one, too
  return [heading("Videos", may("upload") && [keeping, uploadButton()]), list.node];
}

async function load({ search, sort, offset, limit, signal: aborted }) {
  const { data, count } = await get("/data", { fields: FIELDS, search, sort, offset, limit }, { signal: aborted });
  return { rows: data, count };
}

function columns() {
  return [
    { title: "Name", sort: "name", kind: "wide", cell: named },
    { title: "Size", sort: "size", kind: "number", cell: (row) => size(row.value.size) },
    { title: "Type", sort: "type", cell: (row) => h("span", { title: row.value.type }, typeName(row.value)) },
    { title: "Uploaded", sort: "upload_date", cell: (row) => when(row.value.upload_date) },
    { title: "Expires", sort: "expiration_date", cell: (row) => when(row.value.expiration_date) },
  ];
}

const named = ({ value: record }) => h("a.named", { href: pathOf(record) }, thumbnail(record), h("bdi", {}, record.name));

function actions() {
  return [
    may("run") && { title: "Run an analytic", symbol: "play", run: runOn },
    { title: "Download", symbol: "download", run: downloadAll },
    may("upload") && { title: "Change expiry", symbol: "clock", run: changeExpiry },
    may("upload") && { title: "Delete", symbol: "trash", run: remove, isDangerous: true },
  ].filter(Boolean);
}

function kindFilter(kind) {
  return select([["", "All files"], ...Object.entries(KINDS).map(([name, [title]]) => [name, title])], {
    "aria-label": "Which files",
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
  return h("span.switch", { role: "group", "aria-label": "View" }, one("table", "As a table", "list"), one("cards", "As cards", "grid"));
}

function empty() {
  if (may("upload")) return dropZone("Drop your first video here");
  return emptiness("Nothing here yet", "Videos appear here once there are some. Your account looks at results; it cannot upload.");
}
