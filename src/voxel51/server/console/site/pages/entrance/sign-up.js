import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { place } from "../../core/router.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { SHORTEST_PASSWORD, byProvider, card, enter, newPassword } from "./entering.js";

export function page() {
  const invitation = signal(new URLSearchParams(place.peek().fragment).get("invitation") ?? "");
  return loaded(
    () => get("/sign-in"),
    (ways) => {
      if (ways.sign_up === "off" && !ways.needs_operator) return card("Sign up", h("p", {}, "Nobody can sign up here. Ask the operator of the platform for an account."), toSignIn());
      return card(
        ways.needs_operator ? "Welcome" : "Sign up",
        explanation(ways),
        newAccount(ways, invitation),
        ways.provider && byProvider(ways.provider, ways.needs_operator ? "Begin" : "Sign up", () => invitation.value.trim()),
        !ways.needs_operator && toSignIn(),
      );
    },
  );
}

function explanation({ first, sign_up }) {
  if (first) return h("p", {}, "This platform is new. The first account is its operator's: it can do everything, and let others in.");
  return sign_up === "invite" ? h("p", {}, "Signing up here needs an invitation by the operator of the platform.") : null;
}

function newAccount({ first, sign_up }, invitation) {
  const asksForInvitation = (sign_up === "invite" || invitation) && !first;
  return form(
    [
      field("User name", h("input", { name: "username", required: true, autocomplete: "username", autofocus: true, autocapitalize: "none", spellcheck: "false" })),
      field("Password", newPassword(), { hint: `At least ${SHORTEST_PASSWORD} characters; a sentence is good.` }),
      asksForInvitation && field("Invitation", invitationInput(invitation)),
    ],
    {
      verb: first ? "Begin" : "Sign up",
      submit: async ({ username, password, invitation: key }) => {
        await call("POST", "/sign-up", { json: { username, password, invitation: key?.trim() || null }, signsIn: true });
        await enter();
      },
    },
  );
}

function invitationInput(invitation) {
  return h("input", { name: "invitation", required: true, value: invitation.peek(), autocomplete: "off", oninput: (event) => (invitation.value = event.target.value) });
}

const toSignIn = () => h("p", {}, "You have an account? ", h("a", { href: "/sign-in" }, "Sign in"), ".");
