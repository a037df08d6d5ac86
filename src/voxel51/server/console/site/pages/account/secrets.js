/** The secrets page: names of secrets, and the analytics that may use them. Values are never shown. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { confirmAction } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { emptyState, timeAgo } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { changeGrants, createSecret, pathOf, replaceValue } from "./secret-dialogs.js";

export function page() {
  const list = listing({
    label: "Secrets",
    load: async ({ offset, limit, signal }) => {
      const { secrets } = await get("/secrets", {}, { signal });
      return { rows: secrets.slice(offset, offset + limit), count: secrets.length };
    },
    columns: [
      { title: "Name", kind: "wide", cell: (row) => row.value.name },
      { title: "May be used by", cell: (row) => grants(row.value) },
      { title: "Changed", cell: (row) => timeAgo(row.value.change_date) },
      { title: "Actions", kind: "row-actions", cell: (row) => actions(row.value, () => list.reload()) },
    ],
    sort: "",
    empty: () => emptyState("No secrets", "Secrets that you store appear here. A secret is a key of another service that an analytic needs, such as a token of a model hub.", newSecretButton()),
  });
  const newSecretButton = () => button("New secret…", async () => (await createSecret()) && list.reload(), { symbol: "add", kind: "primary" });
  return subpage(
    "/account",
    "Secrets",
    newSecretButton(),
    h("p.muted", {}, "Keys of other services for analytics that you run. Values are stored encrypted and never shown again. Only the analytics that you name get them."),
    list.node,
  );
}

function grants({ analytics }) {
  if (!analytics.length) return h("span.muted", {}, "no analytic");
  return h("span.tags", {}, analytics.map((name) => h("span.tag", {}, name)));
}

function actions(secret, reload) {
  const remove = async () => {
    const text = `Jobs of analytics that need "${secret.name}" will be refused. This cannot be undone.`;
    if (!(await confirmAction(`Delete "${secret.name}"?`, text, "Delete secret"))) return;
    await attempt(async () => {
      await call("DELETE", pathOf(secret.name));
      notify(`Secret "${secret.name}" deleted`);
      await reload();
    });
  };
  return menu(icon("more"), `Actions for ${secret.name}`, () => [
    { title: "Replace value…", run: async () => (await replaceValue(secret)) && reload(), symbol: icon("refresh") },
    { title: "Change analytics…", run: async () => (await changeGrants(secret)) && reload(), symbol: icon("analytics") },
    { title: "Delete…", run: remove, symbol: icon("trash"), isDangerous: true },
  ]);
}
