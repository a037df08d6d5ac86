/** Taking everything along, and ending the account. */

import { h } from "../../core/dom.js";
import { Refused, call, get, save } from "../../core/api.js";
import { go } from "../../core/router.js";
import { session } from "../../core/session.js";
import { button, field, form } from "../../parts/form.js";
import { attempt, notify } from "../../parts/notices.js";
import { accountPage } from "./around.js";

export function page() {
  const { username } = session.peek().account;
  return accountPage("Leave", null, exporting(username), ending(username));
}

function exporting(username) {
  return h(
    "section.card",
    {},
    h("h2", {}, "Take everything along"),
    h("p", {}, "One file that tells of everything you have here: the account, videos, jobs, analytics and webhooks, with links by which the files themselves can be downloaded for a while."),
    button(
      "Export everything",
      () =>
        attempt(async () => {
          const everything = await get("/account/export");
          save(JSON.stringify(everything, null, 2), `${username}-export.json`, "application/json");
        }),
      { symbol: "download" },
    ),
  );
}

function ending(username) {
  const deletion = form(
    [
      h("p", {}, "All that you have here is deleted: videos, jobs and their results, tokens, webhooks, share links. Jobs that run are stopped. This cannot be undone."),
      field(`Type your user name, ${username}, to confirm it`, h("input", { name: "confirm", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
    ],
    {
      verb: "Delete my account",
      isDangerous: true,
      submit: async ({ confirm }) => {
        if (confirm !== username) throw new Refused(400, `"${confirm}" is not your user name.`);
        await call("DELETE", "/account", { query: { confirm } });
        notify("The account is deleted.");
        session.value = null;
        go("/sign-in");
      },
    },
  );
  return h("section.card.dangerous", {}, h("h2", {}, "Delete the account"), deletion);
}
