/** The sessions page: where the user is signed in with a browser. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { isRevokedOrExpired } from "../../core/session.js";
import { date } from "../../core/format.js";
import { confirmAction } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { attempt, notify, showError } from "../../parts/notices.js";
import { emptyState, timeAgo } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { browserName } from "./browser-name.js";

export function page() {
  const list = listing({
    label: "Sessions",
    load: async ({ offset, limit, signal }) => {
      const sessions = await activeSessions(signal);
      return { rows: sessions.slice(offset, offset + limit), count: sessions.length };
    },
    columns: [
      { title: "Browser", kind: "wide", cell: (row) => [h("span", { title: row.value.name }, browserName(row.value.name)), row.value.current && h("span.state.good.beside", {}, "this session")] },
      { title: "Signed in", cell: (row) => timeAgo(row.value.created_at) },
      { title: "Last used", cell: (row) => (row.value.last_used_at ? timeAgo(row.value.last_used_at) : "never") },
      { title: "Expires", cell: (row) => date(row.value.expires_at) },
      { title: "Actions", kind: "row-actions", cell: (row) => !row.value.current && signOutButton(row.value, () => list.reload()) },
    ],
    sort: "",
    empty: () => emptyState("No sessions", "Browsers in which you are signed in appear here. You are using a token at present."),
  });
  return subpage(
    "/account",
    "Sessions",
    button("Sign out other sessions", () => signOutOthers(list), { symbol: "signOut" }),
    h("p.muted", {}, "Browsers in which you are signed in. If you do not recognise one, sign it out and change your password."),
    list.node,
  );
}

/** Sessions that are valid, the newest first, after the one of this browser. */
async function activeSessions(signal) {
  const { sessions } = await get("/account/sessions", {}, { signal });
  const active = sessions.filter((one) => !isRevokedOrExpired(one)).reverse();
  return [...active.filter(({ current }) => current), ...active.filter(({ current }) => !current)];
}

function signOutButton({ id, name }, reload) {
  return button(
    "Sign out",
    () =>
      attempt(async () => {
        await call("DELETE", `/account/sessions/${encodeURIComponent(id)}`);
        notify(`${browserName(name)} signed out`);
        await reload();
      }),
    { "aria-label": `Sign out ${browserName(name)}` },
  );
}

async function signOutOthers(list) {
  const text = "All other browsers are signed out, and uploads in them stop.";
  if (!(await confirmAction("Sign out all other sessions?", text, "Sign out"))) return;
  await attempt(async () => {
    const others = (await activeSessions()).filter(({ current }) => !current);
    const outcomes = await Promise.allSettled(others.map(({ id }) => call("DELETE", `/account/sessions/${encodeURIComponent(id)}`)));
    for (const { reason } of outcomes.filter(({ status }) => status === "rejected")) showError(reason);
    const count = outcomes.filter(({ status }) => status === "fulfilled").length;
    notify(count === 1 ? "1 session signed out" : `${count} sessions signed out`);
    await list.reload();
  });
}
