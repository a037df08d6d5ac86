/** The tokens of an account: keys for programs. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { date } from "../../core/format.js";
import { confirmed } from "../../parts/dialog.js";
import { button, checkbox } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { emptiness, when } from "../../parts/show.js";
import { accountPage } from "./around.js";
import { hasEnded } from "../../parts/ended.js";
import { makeToken, rotateToken } from "./token-dialogs.js";

export function page() {
  const showsEnded = signal(false);
  const list = listing({
    label: "Tokens",
    load: async ({ offset, limit, signal: aborted }) => {
      const { tokens } = await get("/account/tokens", {}, { signal: aborted });
      const shown = tokens.filter((token) => showsEnded.peek() || !hasEnded(token)).reverse();
      return { rows: shown.slice(offset, offset + limit), count: shown.length };
    },
    columns: [
      { title: "Name", kind: "wide", cell: (row) => row.value.name },
      { title: "Good for", cell: (row) => scopes(row.value) },
      { title: "State", cell: (row) => state(row.value) },
      { title: "Created", cell: (row) => when(row.value.created_at) },
      { title: "Last used", cell: (row) => (row.value.last_used_at ? when(row.value.last_used_at) : "never") },
      { title: "Actions", kind: "doing", cell: (row) => !hasEnded(row.value) && actions(row.value, () => list.reload()) },
    ],
    sort: "",
    filters: [
      checkbox("Show those that ended", {
        onchange: (event) => {
          showsEnded.value = event.target.checked;
          list.reload();
        },
      }),
    ],
    empty: () => emptiness("No tokens", "With a token, the Python library, the command line and your own programs can do here what you can.", create()),
  });
  const create = () => button("New token", async () => (await makeToken()) && list.reload(), { symbol: "add", kind: "primary" });
  return accountPage(
    "Tokens",
    create(),
    h("p.soft", {}, "A token lets a program in as you: the Python library, the command line, or your own. Give each program one of its own, good for no more than it needs."),
    list.node,
  );
}

function scopes({ scopes: names }) {
  return h("span.words", {}, names.map((name) => h("span.word", {}, name)));
}

function state(token) {
  if (token.revoked_at) return h("span.state.bad", {}, "revoked");
  if (hasEnded(token)) return h("span.state.bad", {}, "expired");
  return h("span.state.good", {}, token.expires_at ? `until ${date(token.expires_at)}` : "valid");
}

function actions(token, reload) {
  const rotate = async () => (await rotateToken(token)) && reload();
  const revoke = async () => {
    const text = `Whatever uses "${token.name}" is refused from then on. This cannot be undone.`;
    if (!(await confirmed(`Revoke "${token.name}"?`, text, "Revoke"))) return;
    await attempt(async () => {
      await call("DELETE", `/account/tokens/${encodeURIComponent(token.id)}`);
      notify(`The token "${token.name}" is revoked.`);
      await reload();
    });
  };
  return menu(icon("more"), `Actions for ${token.name}`, () => [
    { title: "Rotate…", run: rotate, symbol: icon("refresh") },
    { title: "Revoke…", run: revoke, symbol: icon("trash"), isDangerous: true },
  ]);
}
