/** The page of one application: its tokens, its users and their usage. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { isRevokedOrExpired } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { emptyState, timeAgo } from "../../parts/elements.js";
import { loaded } from "../../parts/load.js";
import { adminPage } from "./admin-page.js";
import { setApplicationQuota } from "./quota.js";
import { createToken, revokeToken } from "./application-tokens.js";
import { usageReport } from "./usage.js";

const DAYS = "30";

export function page({ name }) {
  const path = `/admin/applications/${encodeURIComponent(name)}`;
  return adminPage(
    name,
    () =>
      loaded(
        (signal) => get(`${path}/tokens`, {}, { signal }), // fails if there is no such application
        () => [tokens(name, path), h("h2.part", {}, `Users in the last ${DAYS} days`), usageReport(`${path}/users`, DAYS, noUsers)],
      ),
    () => [h("a.button", { href: "/admin/applications" }, icon("back"), "All applications"), button("Quota per user…", () => setApplicationQuota(name), { symbol: "data" })],
  );
}

function noUsers() {
  return emptyState("No users", "Users that the application creates with its token appear here.");
}

function tokens(name, path) {
  const newTokenButton = () => button("New token…", async () => (await createToken(name, path)) && list.reload(), { symbol: "add", kind: "primary" });
  const list = listing({
    label: "Tokens",
    load: async ({ offset, limit, signal }) => {
      const { tokens: all } = await get(`${path}/tokens`, {}, { signal });
      const valid = all.filter((token) => !isRevokedOrExpired(token)).reverse();
      return { rows: valid.slice(offset, offset + limit), count: valid.length };
    },
    columns: [
      { title: "Name", kind: "wide", cell: (row) => row.value.name },
      { title: "Scopes", cell: (row) => h("span.tags", {}, row.value.scopes.map((scope) => h("span.tag", {}, scope))) },
      { title: "Created", cell: (row) => timeAgo(row.value.created_at) },
      { title: "Last used", cell: (row) => timeAgo(row.value.last_used_at) || "never" },
      { title: "Expires", cell: (row) => timeAgo(row.value.expires_at) || "never" },
      { title: "Actions", kind: "row-actions", cell: (row) => actions(row.peek(), path, () => list.reload()) },
    ],
    sort: "",
    empty: () => emptyState("No tokens", "Tokens with which the application signs in appear here. The file of a token can be downloaded only when the token is created."),
  });
  return [h("div.heading.lesser", {}, h("h2", {}, "Tokens"), h("div.actions", {}, newTokenButton())), list.node];
}

function actions(token, path, reload) {
  return menu(icon("more"), `Actions for ${token.name}`, () => [
    { title: "Revoke…", run: async () => (await revokeToken(token, path)) && reload(), symbol: icon("trash"), isDangerous: true },
  ]);
}
