/** One application: its tokens, its users and what they use. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { hasEnded } from "../../parts/ended.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { emptiness, when } from "../../parts/show.js";
import { loaded } from "../../parts/load.js";
import { adminPage } from "./around.js";
import { grantToApplication } from "./quota.js";
import { makeToken, revokeToken } from "./token-dialogs.js";
import { report } from "./usage.js";

const DAYS = "30";

export function page({ name }) {
  const path = `/admin/applications/${encodeURIComponent(name)}`;
  return adminPage(
    name,
    () =>
      loaded(
        (signal) => get(`${path}/tokens`, {}, { signal }), // refused where there is no such application
        () => [tokens(name, path), h("h2.part", {}, `Its users in the last ${DAYS} days`), report(`${path}/users`, DAYS, nobody)],
      ),
    () => [h("a.button", { href: "/admin/applications" }, icon("back"), "All applications"), button("Quota of its users…", () => grantToApplication(name), { symbol: "data" })],
  );
}

function nobody() {
  return emptiness("No users", "The application makes them itself, with its token.");
}

function tokens(name, path) {
  const create = () => button("New token…", async () => (await makeToken(name, path)) && list.reload(), { symbol: "add", kind: "primary" });
  const list = listing({
    label: "Tokens",
    load: async ({ offset, limit, signal }) => {
      const { tokens: all } = await get(`${path}/tokens`, {}, { signal });
      const valid = all.filter((token) => !hasEnded(token)).reverse();
      return { rows: valid.slice(offset, offset + limit), count: valid.length };
    },
    columns: [
      { title: "Name", kind: "wide", cell: (row) => row.value.name },
      { title: "Good for", cell: (row) => h("span.words", {}, row.value.scopes.map((scope) => h("span.word", {}, scope))) },
      { title: "Created", cell: (row) => when(row.value.created_at) },
      { title: "Last used", cell: (row) => when(row.value.last_used_at) || "never" },
      { title: "Ends", cell: (row) => when(row.value.expires_at) || "never" },
      { title: "Actions", kind: "doing", cell: (row) => actions(row.peek(), path, () => list.reload()) },
    ],
    sort: "",
    empty: () => emptiness("No tokens", "The application comes in by a token. Its file is downloaded once, when it is made."),
  });
  return [h("div.heading.lesser", {}, h("h2", {}, "Tokens"), h("div.actions", {}, create())), list.node];
}

function actions(token, path, reload) {
  return menu(icon("more"), `Actions for ${token.name}`, () => [
    { title: "Revoke…", run: async () => (await revokeToken(token, path)) && reload(), symbol: icon("trash"), isDangerous: true },
  ]);
}
