/** Signing in again where a session ended in the middle of work, without losing what is on the page. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { go } from "../../core/router.js";
import { session } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";

/** Ask `username` for the password. Resolves to whether the session goes on; who does not want to is signed out. */
export async function askToSignIn(username) {
  const isIn = await dialog("Your session has ended", (close) =>
    form(
      [
        h("p", {}, "Sign in again to go on where you are."),
        field("User name", h("input", { name: "username", value: username, readonly: true, autocomplete: "username" })),
        field("Password", h("input", { type: "password", name: "password", required: true, autofocus: true, autocomplete: "current-password" })),
      ],
      {
        verb: "Sign in",
        cancel: () => close(false),
        submit: async ({ password }) => {
          await call("POST", "/sign-in", { json: { username, password }, signsIn: true });
          session.value = await get("/account", {}, { signsIn: true });
          close(true);
        },
      },
    ),
  );
  if (isIn) return true;
  session.value = null;
  go("/sign-in");
  return false;
}
