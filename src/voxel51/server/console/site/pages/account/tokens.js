/** The tokens page: API tokens of the account. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { isRevokedOrExpired } from "../../core/session.js";
import { signal } from "../../core/reactive.js";
import { date } from "../../core/format.js";
import { confirmAction } from "../../parts/dialog.js";
import { button, checkbox } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { emptyState, timeAgo } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { createToken, rotateToken } from "./token-dialogs.js";

export function page() {
  const showsInactive = signal(false);
  const list = listing({
    label: "Tokens",
    load: async ({ offset, limit, signal: aborted }) => {
      const { tokens } = await get("/account/tokens", {}, { signal: aborted });
      const shown = tokens.filter((token) => showsInactive.peek() || !isRevokedOrExpired(token)).reverse();
      return { rows: shown.slice(offset, offset + limit), count: shown.length };
    },
    columns: [
      { title: "Name", kind: "wide", cell: (row) => row.value.name },
      { title: "Scopes", cell: (row) => scopes(row.value) },
      { title: "State", cell: (row) => state(row.value) },
      { title: "Created", cell: (row) => timeAgo(row.value.created_at) },
      { title: "Last used", cell: (row) => (row.value.last_used_at ? timeAgo(row.value.last_used_at) : "never") },
      { title: "Actions", kind: "row-actions", cell: (row) => !isRevokedOrExpired(row.value) && actions(row.value, () => list.reload()) },
    ],
    sort: "",
    filters: [
      checkbox("Show revoked and expired tokens", {
        onchange: (event) => {
          showsInactive.value = event.target.checked;
          list.reload();
        },
      }),
    ],
    empty: () => emptyState("No tokens", "Tokens that you create for the Python library, the command line or your own programs appear here.", newTokenButton()),
  });
  const newTokenButton = () => button("New token…", async () => (await createToken()) && list.reload(), { symbol: "add", kind: "primary" });
  return subpage(
    "/account",
    "Tokens",
    newTokenButton(),
    h("p.muted", {}, "Programs use a token to act as you. Create one for each program, with only the scopes that it needs."),
    list.node,
  );
}

function scopes({ scopes: names }) {
  return h("span.tags", {}, names.map((name) => h("span.tag", {}, name)));
}

function state(token) {
  if (token.revoked_at) return h("span.state.bad", {}, "revoked");
  if (isRevokedOrExpired(token)) return h("span.state.bad", {}, "expired");
  return h("span.state.good", {}, token.expires_at ? `valid until ${date(token.expires_at)}` : "valid");
}

function actions(token, reload) {
  const rotate = async () => (await rotateToken(token)) && reload();
  const revoke = async () => {
    const text = `Programs that use "${token.name}" lose access. This cannot be undone.`;
    if (!(await confirmAction(`Revoke "${token.name}"?`, text, "Revoke token"))) return;
    await attempt(async () => {
      await call("DELETE", `/account/tokens/${encodeURIComponent(token.id)}`);
      notify(`Token "${token.name}" revoked`);
      await reload();
    });
  };
  return menu(icon("more"), `Actions for ${token.name}`, () => [
    { title: "Rotate…", run: rotate, symbol: icon("refresh") },
    { title: "Revoke…", run: revoke, symbol: icon("trash"), isDangerous: true },
  ]);
}
