/** Sign-in dialog for a session that expires during work: the page and its input stay as they are. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { navigate } from "../../core/router.js";
import { session } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";

/** Ask `username` for the password. Resolves to whether there is a session again; if cancelled, the user is signed out. */
export async function showSignInDialog(username) {
  const isSignedIn = await dialog("Your session has expired", (close) =>
    form(
      [
        h("p", {}, "Sign in again to continue where you were."),
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
  if (isSignedIn) return true;
  session.value = null;
  navigate("/sign-in");
  return false;
}
