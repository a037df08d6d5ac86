/** The page that exports the data of an account and deletes the account. */

import { h } from "../../core/dom.js";
import { ApiError, call, get, save } from "../../core/api.js";
import { navigate } from "../../core/router.js";
import { session } from "../../core/session.js";
import { button, field, form } from "../../parts/form.js";
import { attempt, notify } from "../../parts/notices.js";
import { subpage } from "../../parts/subpages.js";

export function page() {
  const { username } = session.peek().account;
  return subpage("/account", "Export and delete", null, exportCard(username), deletionCard(username));
}

function exportCard(username) {
  return h(
    "section.card",
    {},
    h("h2", {}, "Export your data"),
    h("p", {}, "A JSON file that describes your account, videos, jobs, analytics and webhooks, with temporary download links for the files."),
    button(
      "Export data",
      () =>
        attempt(async () => {
          const everything = await get("/account/export");
          save(JSON.stringify(everything, null, 2), `${username}-export.json`, "application/json");
        }),
      { symbol: "download" },
    ),
  );
}

function deletionCard(username) {
  const deletion = form(
    [
      h("p", {}, "This deletes your account and everything in it: videos, jobs and their results, tokens, webhooks and share links. Running jobs are cancelled. This cannot be undone."),
      field(`Type your user name, ${username}, to confirm`, h("input", { name: "confirm", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
    ],
    {
      verb: "Delete account",
      isDangerous: true,
      submit: async ({ confirm }) => {
        if (confirm !== username) throw new ApiError(400, `"${confirm}" is not your user name.`);
        await call("DELETE", "/account", { query: { confirm } });
        notify("Account deleted");
        session.value = null;
        navigate("/sign-in");
      },
    },
  );
  return h("section.card.dangerous", {}, h("h2", {}, "Delete your account"), deletion);
}
