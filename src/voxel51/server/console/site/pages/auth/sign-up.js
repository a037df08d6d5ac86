/** The sign-up page; on a new platform it creates the operator's account. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { route } from "../../core/router.js";
import { signInOptions } from "../../core/sign-in-options.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { authCard, enterConsole, newPasswordInput, oidcLink, passwordHint, usernameInput } from "./auth-forms.js";

export function page() {
  const invitation = signal(new URLSearchParams(route.peek().fragment).get("invitation") ?? "");
  return loaded(
    () => signInOptions(),
    (options) => {
      if (options.sign_up === "off" && !options.needs_operator) {
        return authCard("Sign up", h("p", {}, "Sign-up is turned off on this platform. Ask the operator of the platform for an account."), signInLink());
      }
      const verb = options.needs_operator ? "Create account" : "Sign up";
      return authCard(
        options.needs_operator ? "Create the first account" : "Sign up",
        explanation(options),
        accountForm(options, invitation, verb),
        options.provider && oidcLink(options.provider, options.needs_operator ? "Continue" : "Sign up", () => invitation.value.trim()),
        !options.needs_operator && signInLink(),
      );
    },
  );
}

function explanation({ needs_operator: isFirst, sign_up: mode }) {
  if (isFirst) return h("p", {}, "This platform has no accounts yet. The first account becomes the operator: it manages the platform and its users.");
  return mode === "invite" ? h("p", {}, "You need an invitation from the operator of the platform to sign up.") : null;
}

function accountForm({ needs_operator: isFirst, sign_up: mode }, invitation, verb) {
  const asksForInvitation = !isFirst && (mode === "invite" || invitation.peek() !== "");
  return form(
    [
      field("User name", usernameInput()),
      field("Password", newPasswordInput(), { hint: passwordHint }),
      asksForInvitation && field("Invitation", invitationInput(invitation)),
    ],
    {
      verb,
      submit: async ({ username, password, invitation: key }) => {
        await call("POST", "/sign-up", { json: { username, password, invitation: key?.trim() || null }, signsIn: true });
        await enterConsole();
      },
    },
  );
}

function invitationInput(invitation) {
  return h("input", { name: "invitation", required: true, value: invitation.peek(), autocomplete: "off", oninput: (event) => (invitation.value = event.target.value) });
}

const signInLink = () => h("p", {}, "Already have an account? ", h("a", { href: "/sign-in" }, "Sign in"), ".");
