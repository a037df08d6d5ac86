/**
 * The list of sources: folders and buckets whose files are videos of the user without being uploaded. A new source is
 * listed by the platform some seconds later: until then, the page asks again.
 */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { count } from "../../core/format.js";
import { onEnd, signal } from "../../core/reactive.js";
import { hasScope } from "../../core/session.js";
import { confirmAction, dialog } from "../../parts/dialog.js";
import { emptyState, heading, timeAgo } from "../../parts/elements.js";
import { button, field, form, select } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { notify } from "../../parts/notices.js";

const RETRY_MILLISECONDS = 2000;
const TITLES = ["Location", "Files", "Collection", "Listed", ""];

export function page() {
  const version = signal(0);
  const reload = () => version.update((number) => number + 1);
  const load = async (aborted) => {
    const options = { signal: aborted };
    const [{ sources, locations }, { collections }] = await Promise.all([get("/data/sources", {}, options), get("/collections", {}, options)]);
    return { sources, locations, collections };
  };
  return [
    heading("Sources"),
    h("p", {}, h("a", { href: "/data" }, "All videos")),
    () => version.value >= 0 && loaded(load, (found, again) => shown(found, reload, again)),
  ];
}

function shown(found, reload, again) {
  const { sources, locations, collections } = found;
  if (sources.some(({ scanned_date: listed }) => !listed)) {
    const timer = setTimeout(again, RETRY_MILLISECONDS);
    onEnd(() => clearTimeout(timer));
  }
  const add = async () => (await addSource(found)) && reload();
  const addButton = locations.length > 0 && hasScope("upload") && hasScope("read") && button("Add source…", add, { symbol: "add", kind: "primary" });
  const hint = locations.length ? "Folders and buckets that you add appear here. Their videos are used where they are, and new ones appear by themselves." : "Folders and buckets whose files you use where they are appear here. The operator of this platform allows no location for you to add one.";
  if (sources.length === 0) return emptyState("No sources", hint, addButton);
  return [
    h("p", {}, addButton, " ", button("Reload", reload, { symbol: "refresh" })),
    h(
      "div.scrolled",
      { tabindex: "0", role: "region", "aria-label": "Sources" },
      h(
        "table",
        { "aria-label": "Sources" },
        h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title || h("span.visually-hidden", {}, "Actions"))))),
        h("tbody", {}, sources.map((source) => row(source, collections, reload))),
      ),
    ),
  ];
}

function row(source, collections, reload) {
  const cell = (title, ...content) => h("td", { "data-title": title }, ...content);
  const notes = [source.problem, source.left_out].filter(Boolean);
  return h(
    "tr",
    {},
    cell("Location", h("code", {}, h("bdi", {}, source.location)), notes.map((note) => h("p.muted", {}, note))),
    cell("Files", count(source.files)),
    cell("Collection", collectionOf(source, collections)),
    cell("Listed", source.scanned_date ? timeAgo(source.scanned_date) : "not yet"),
    h("td.row-actions", {}, source.registered_by === "user" ? hasScope("upload") && button("Delete", async () => (await remove(source)) && reload(), { symbol: "trash" }) : h("span.muted", {}, "added by the operator")),
  );
}

function collectionOf({ collection }, collections) {
  const found = collections.find(({ id }) => id === collection);
  return found && h("a", { href: `/collections/${encodeURIComponent(found.id)}` }, h("bdi", {}, found.name));
}

function addSource({ locations, collections }) {
  const editable = collections.filter(({ role }) => role !== "viewer");
  const location = h("input", { name: "location", required: true, autofocus: true, autocomplete: "off", spellcheck: "false", value: locations[0] });
  return dialog("Add source", (close) =>
    form(
      [
        field("Location", location, { hint: `A folder or prefix of a bucket below ${locations.join(", ")}. Its video, audio and image files become yours without being copied.` }),
        field("Collection", select([["", "None"], ...editable.map(({ id, name }) => [id, name])], { name: "collection", value: "" }), { hint: "Optional. Gets the files, also later ones." }),
      ],
      {
        verb: "Add source",
        cancel: () => close(),
        submit: async ({ location: chosen, collection }) => {
          await call("POST", "/data/sources", { json: { location: chosen.trim(), ...(collection && { collection }) } });
          notify("Source added. Its files appear soon");
          close(true);
        },
      },
    ),
  );
}

async function remove({ id, location }) {
  const isConfirmed = await confirmAction("Delete this source?", `The files in ${location} stay where they are. They are no longer among your videos, and results of jobs on them are kept.`, "Delete");
  if (isConfirmed) await call("DELETE", `/data/sources/${encodeURIComponent(id)}`);
  return isConfirmed;
}
