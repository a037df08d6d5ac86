/** The sign-in page: by password, and through an OIDC provider if the platform has one. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { navigate } from "../../core/router.js";
import { signInOptions } from "../../core/sign-in-options.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { authCard, enterConsole, oidcLink, usernameInput } from "./auth-forms.js";
import { oidcError } from "./oidc-error.js";

export function page() {
  const error = oidcError();
  return loaded(
    () => signInOptions(),
    (options) => {
      if (options.needs_operator) {
        queueMicrotask(() => navigate("/sign-up", { replace: true })); // a new platform: the first account comes first
        return null;
      }
      return authCard("Sign in", error, passwordForm(), options.provider && oidcLink(options.provider, "Sign in"), options.sign_up === "open" && signUpLink());
    },
  );
}

function passwordForm() {
  return form(
    [
      field("User name", usernameInput()),
      field("Password", h("input", { type: "password", name: "password", required: true, autocomplete: "current-password" })),
    ],
    {
      verb: "Sign in",
      submit: async ({ username, password }) => {
        await call("POST", "/sign-in", { json: { username, password }, signsIn: true });
        await enterConsole();
      },
    },
  );
}

function signUpLink() {
  return h("p", {}, "No account yet? ", h("a", { href: "/sign-up" }, "Sign up"), ".");
}
