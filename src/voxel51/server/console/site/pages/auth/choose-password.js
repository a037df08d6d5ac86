/** The page on which a password reset link leads to a new password. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { navigate, route } from "../../core/router.js";
import { notify } from "../../parts/notices.js";
import { field, form } from "../../parts/form.js";
import { authCard, newPasswordInput, passwordHint } from "./auth-forms.js";

export function page() {
  const key = new URLSearchParams(route.peek().fragment).get("key") ?? "";
  return authCard(
    "Set a new password",
    form(
      [
        field("Reset key", h("input", { name: "key", required: true, value: key, autocomplete: "off" }), { hint: "From the link that the operator of the platform gave you. It works once." }),
        field("New password", newPasswordInput(), { hint: `${passwordHint} This signs you out everywhere and revokes all API tokens of the account.` }),
      ],
      {
        verb: "Set password",
        submit: async (values) => {
          await call("POST", "/password-resets", { json: { key: values.key.trim(), new_password: values.password }, signsIn: true });
          notify("Password changed. Sign in with the new password, and create new API tokens.");
          navigate("/sign-in");
        },
      },
    ),
  );
}
