/** The list of collections: your own, and those that others share with you. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { countOrMore } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { confirmAction, dialog } from "../../parts/dialog.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { button, field, form, select } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { canShare, shareDialog } from "../../parts/share-dialog.js";
import { signal } from "../../core/reactive.js";

const MAX_NAME = 128;

export function page() {
  const version = signal(0);
  const reload = () => version.update((number) => number + 1);
  const create = async () => (await createCollection()) && reload();
  return [
    heading("Collections", hasScope("upload") && button("New collection", create, { symbol: "add", kind: "primary" })),
    h("p", {}, h("a", { href: "/data" }, "All videos")),
    () => version.value >= 0 && loaded((aborted) => get("/collections", {}, { signal: aborted }), ({ collections }) => shown(collections, reload)),
  ];
}

function shown(collections, reload) {
  if (collections.length === 0) return emptyState("No collections", "Collections of your videos appear here, and those that others share with you. Select videos in the list, and add them to a collection.");
  const titles = ["Name", "Videos", "Owner", "Role", "Created", ""];
  return h(
    "table",
    { "aria-label": "Collections" },
    h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title || h("span.visually-hidden", {}, "Actions"))))),
    h("tbody", {}, collections.map((each) => row(each, reload))),
  );
}

function row(collection, reload) {
  const cell = (title, ...content) => h("td", { "data-title": title }, ...content);
  const number = collection.data_count + (collection.is_count_exact ? 0 : 1);
  return h(
    "tr",
    {},
    cell("Name", h("a", { href: `/collections/${encodeURIComponent(collection.id)}` }, h("bdi", {}, collection.name)), collection.description && h("p.muted", {}, collection.description)),
    cell("Videos", countOrMore(number, collection.is_count_exact)),
    cell("Owner", h("bdi", {}, collection.owner)),
    cell("Role", collection.role),
    cell("Created", timeAgo(collection.created_at)),
    h("td.row-actions", {}, collection.role === "owner" && canShare() && button("Share", () => share(collection), { symbol: "share" }),
      collection.role === "owner" && hasScope("upload") && button("Delete", async () => (await remove(collection)) && reload(), { symbol: "trash" })),
  );
}

function createCollection() {
  return dialog("New collection", (close) =>
    form([field("Name", h("input", { name: "name", required: true, autofocus: true, maxlength: MAX_NAME })), field("Description", h("input", { name: "description" }))], {
      verb: "Create",
      cancel: () => close(),
      submit: async (values) => {
        await call("POST", "/collections", { json: values });
        close(true);
      },
    }),
  );
}

/** Show with whom a collection is shared, and share it with one more user. */
export const share = ({ id, name }) =>
  shareDialog(`/collections/${encodeURIComponent(id)}`, name, "The user can list the videos of the collection and download them.", [
    field("Role", select([["viewer", "Viewer: read"], ["editor", "Editor: also add and remove videos"]], { name: "role", value: "viewer" })),
  ]);

async function remove({ id, name }) {
  const isConfirmed = await confirmAction("Delete this collection?", `“${name}” will be deleted. Its videos are kept.`, "Delete");
  if (isConfirmed) await call("DELETE", `/collections/${encodeURIComponent(id)}`);
  return isConfirmed;
}
