/** What the ways in have in common. */

import { h } from "../../core/dom.js";
import { address, get } from "../../core/api.js";
import { go, place } from "../../core/router.js";
import { session } from "../../core/session.js";

/** The least that a password has; the platform says so too. */
export const SHORTEST_PASSWORD = 8;

/** A card in the middle of the page. */
export const card = (title, ...children) => h("section.card.entrance", {}, h("h1", { tabindex: "-1" }, title), children);

/** Find out who is signed in now, and go where somebody wanted to go. */
export async function enter() {
  session.value = await get("/account", {}, { signsIn: true });
  const next = place.peek().query.get("next");
  go(next?.startsWith("/") && !next.startsWith("//") ? next : "/", { replace: true });
}

/**
 * The way in by an account elsewhere.
 *
 * @param {{name, path}} provider as the platform tells of it
 * @param {string} verb such as "Sign in"
 * @param {() => string} [invitation] a key that lets a newcomer in
 */
export function byProvider({ name, path }, verb, invitation = () => "") {
  const next = place.peek().query.get("next") ?? "/";
  return h("p.or", {}, h("a.button", { href: () => address(path.replace(/^\/v1/, ""), { next, invitation: invitation() }) }, `${verb} by ${name}`));
}

/** A field for a new password. */
export function newPassword(attributes = {}) {
  return h("input", { type: "password", name: "password", required: true, minlength: SHORTEST_PASSWORD, autocomplete: "new-password", ...attributes });
}
