/** The applications page: programs with an account and with users of their own. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { navigate } from "../../core/router.js";
import { dialog } from "../../parts/dialog.js";
import { button, field, form } from "../../parts/form.js";
import { filterAndPage, listing } from "../../parts/listing.js";
import { emptyState } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";

const pathOf = (name) => `/admin/applications/${encodeURIComponent(name)}`;

export function page() {
  return adminPage("Applications", () => [explanation(), applications().node], newApplicationButton);
}

function explanation() {
  return h("p.muted", {}, "An application is a program that acts for its own users, such as a web site. It signs in with a token, and names the user for whom it acts.");
}

function applications() {
  return listing({
    label: "Applications",
    load: async ({ signal, ...query }) => {
      const { applications: names } = await get("/admin/applications", {}, { signal });
      return filterAndPage(names.map((name) => ({ id: name, name })), ["name"], query);
    },
    columns: [{ title: "Name", kind: "wide", sort: "name", cell: (row) => h("a", { href: pathOf(row.value.name) }, row.value.name) }],
    sort: "name:asc",
    hint: "Search by name",
    empty: () => emptyState("No applications", "Applications that you create appear here. Users and their scripts do not need one.", newApplicationButton()),
  });
}

function newApplicationButton() {
  return button("New application…", createApplication, { symbol: "add", kind: "primary" });
}

async function createApplication() {
  const name = await dialog("New application", (close) =>
    form([field("Name", h("input", { name: "name", required: true, autofocus: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }))], {
      verb: "Create application",
      cancel: () => close(),
      submit: async (values) => close((await call("POST", "/admin/applications", { json: { name: values.name } })).name),
    }),
  );
  if (name) navigate(pathOf(name));
}
