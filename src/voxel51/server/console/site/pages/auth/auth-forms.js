/** Parts shared by the pages for signing in, signing up and setting a password. */

import { h } from "../../core/dom.js";
import { address, get } from "../../core/api.js";
import { navigate, route } from "../../core/router.js";
import { session } from "../../core/session.js";

/** The minimum length of a password; the platform checks it as well. */
const MIN_PASSWORD_LENGTH = 8;

export const passwordHint = `At least ${MIN_PASSWORD_LENGTH} characters.`;

/** A card in the middle of the page. */
export const authCard = (title, ...children) => h("section.card.auth-card", {}, h("h1", { tabindex: "-1" }, title), children);

/** Fetch the new session, and go to the page that the user wanted (`?next=`), which must be a path of this host. */
export async function enterConsole() {
  session.value = await get("/account", {}, { signsIn: true });
  const next = route.peek().query.get("next");
  navigate(next?.startsWith("/") && !next.startsWith("//") ? next : "/", { replace: true });
}

/**
 * A link that signs in or up through an OIDC provider.
 *
 * @param {{name, path}} provider as the platform describes it
 * @param {string} verb such as "Sign in"
 * @param {() => string} [invitation] the key of an invitation, for new users
 */
export function oidcLink({ name, path }, verb, invitation = () => "") {
  const next = route.peek().query.get("next") ?? "/";
  return h("p.or", {}, h("a.button", { href: () => address(path.replace(/^\/v1/, ""), { next, invitation: invitation() }) }, `${verb} with ${name}`));
}

/** An input for a user name. */
export const usernameInput = () => h("input", { name: "username", required: true, autocomplete: "username", autofocus: true, autocapitalize: "none", spellcheck: "false" });

/** An input for a new password. */
export const newPasswordInput = () => h("input", { type: "password", name: "password", required: true, minlength: MIN_PASSWORD_LENGTH, autocomplete: "new-password" });
