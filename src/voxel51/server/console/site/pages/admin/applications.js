/** Applications: programs with an account, and with users of their own. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { go } from "../../core/router.js";
import { dialog } from "../../parts/dialog.js";
import { button, field, form } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { emptiness } from "../../parts/show.js";
import { adminPage } from "./around.js";
import { within } from "./within.js";

/** Where the page of an application is. */
const pathOf = (name) => `/admin/applications/${encodeURIComponent(name)}`;

export function page() {
  return adminPage("Applications", () => [explanation(), applications().node], create);
}

function explanation() {
  return h("p.soft", {}, "An application is a program that acts for users of its own, such as a web site. It comes in by a token, and names the user for whom it acts.");
}

function applications() {
  return listing({
    label: "Applications",
    load: async ({ signal, ...wanted }) => {
      const { applications: names } = await get("/admin/applications", {}, { signal });
      return within(names.map((name) => ({ id: name, name })), ["name"], wanted);
    },
    columns: [{ title: "Name", kind: "wide", sort: "name", cell: (row) => h("a", { href: pathOf(row.value.name) }, row.value.name) }],
    sort: "name:asc",
    hint: "Search by name",
    empty: () => emptiness("No applications", "Create one for a program that has users of its own; people and their scripts need none.", create()),
  });
}

function create() {
  return button("New application…", createApplication, { symbol: "add", kind: "primary" });
}

async function createApplication() {
  const name = await dialog("New application", (close) =>
    form([field("Name", h("input", { name: "name", required: true, autofocus: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }))], {
      verb: "Create",
      cancel: () => close(),
      submit: async (values) => close((await call("POST", "/admin/applications", { json: { name: values.name } })).name),
    }),
  );
  if (name) go(pathOf(name));
}
