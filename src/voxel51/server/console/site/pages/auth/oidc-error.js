/** The error of a failed OIDC sign-in, shown when the provider has sent the user back. */

import { h } from "../../core/dom.js";
import { route } from "../../core/router.js";
import { session } from "../../core/session.js";

const COOKIE = "voxel51_sign_in_error";
const DEFAULT_MESSAGE = "The sign-in failed. Try to sign in again.";

/**
 * The platform's message, shown once; null if no sign-in failed.
 *
 * The URL says only that it failed. The message comes in a cookie, so that a link from another site cannot put text on
 * this page.
 */
export function oidcError() {
  if (!route.peek().query.has("refused")) return null;
  const pair = document.cookie.split("; ").find((text) => text.startsWith(`${COOKIE}=`));
  document.cookie = `${COOKIE}=; Max-Age=0; Path=/sign-in; SameSite=Lax`;
  return [
    h("p.error.refusal", { role: "alert" }, pair ? decoded(pair.slice(COOKIE.length + 1)) : DEFAULT_MESSAGE),
    session.peek() && h("p", {}, `You are signed in as ${session.peek().account.username}. `, h("a", { href: "/" }, "Continue"), "."),
  ];
}

function decoded(text) {
  try {
    return decodeURIComponent(text.replace(/^"|"$/g, ""));
  } catch {
    return DEFAULT_MESSAGE;
  }
}
