/** Where somebody is signed in. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { date } from "../../core/format.js";
import { confirmed } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { attempt, complain, notify } from "../../parts/notices.js";
import { emptiness, when } from "../../parts/show.js";
import { accountPage } from "./around.js";
import { browserName } from "./browser-name.js";
import { hasEnded } from "../../parts/ended.js";

export function page() {
  const list = listing({
    label: "Sessions",
    load: async ({ offset, limit, signal }) => {
      const sessions = await present(signal);
      return { rows: sessions.slice(offset, offset + limit), count: sessions.length };
    },
    columns: [
      { title: "Browser", kind: "wide", cell: (row) => [h("span", { title: row.value.name }, browserName(row.value.name)), row.value.current && h("span.state.good.beside", {}, "this one")] },
      { title: "Signed in", cell: (row) => when(row.value.created_at) },
      { title: "Last used", cell: (row) => (row.value.last_used_at ? when(row.value.last_used_at) : "not yet") },
      { title: "Ends", cell: (row) => date(row.value.expires_at) },
      { title: "Actions", kind: "doing", cell: (row) => !row.value.current && end(row.value, () => list.reload()) },
    ],
    sort: "",
    empty: () => emptiness("No sessions", "You came with a token, and are signed in nowhere by a browser."),
  });
  return accountPage(
    "Sessions",
    button("End all others", () => endOthers(list), { symbol: "signOut" }),
    h("p.soft", {}, "Where you are signed in by a browser. End what you do not know, and change your password then."),
    list.node,
  );
}

async function present(signal) {
  const { sessions } = await get("/account/sessions", {}, { signal });
  const open = sessions.filter((one) => !hasEnded(one)).reverse();
  return [...open.filter(({ current }) => current), ...open.filter(({ current }) => !current)];
}

function end(one, reload) {
  return button(
    "End",
    () =>
      attempt(async () => {
        await call("DELETE", `/account/sessions/${encodeURIComponent(one.id)}`);
        notify(`${browserName(one.name)} is signed out.`);
        await reload();
      }),
    { "aria-label": `End the session of ${browserName(one.name)}` },
  );
}

async function endOthers(list) {
  const text = "Every other browser is signed out. What is being uploaded there ends.";
  if (!(await confirmed("End all other sessions?", text, "End them"))) return;
  await attempt(async () => {
    const others = (await present()).filter(({ current }) => !current);
    const ends = await Promise.allSettled(others.map(({ id }) => call("DELETE", `/account/sessions/${encodeURIComponent(id)}`)));
    for (const { reason } of ends.filter(({ status }) => status === "rejected")) complain(reason);
    const count = ends.filter(({ status }) => status === "fulfilled").length;
    notify(count === 1 ? "One session has ended." : `${count} sessions have ended.`);
    await list.reload();
  });
}
