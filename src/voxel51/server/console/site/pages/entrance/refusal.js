/** Why a sign-in by an account elsewhere did not work, for who was sent back from there. */

import { h } from "../../core/dom.js";
import { place } from "../../core/router.js";
import { session } from "../../core/session.js";

const COOKIE = "voxel51_sign_in_error";
const OTHERWISE = "The sign-in did not work. Begin it again.";

/** What the platform said, once; nothing where nobody was refused. The address says that, and never why. */
export function refusal() {
  if (!place.peek().query.has("refused")) return null;
  const said = document.cookie.split("; ").find((pair) => pair.startsWith(`${COOKIE}=`));
  document.cookie = `${COOKIE}=; Max-Age=0; Path=/sign-in; SameSite=Lax`;
  return [
    h("p.error.refusal", { role: "alert" }, said ? decoded(said.slice(COOKIE.length + 1)) : OTHERWISE),
    session.peek() && h("p", {}, `You are signed in as ${session.peek().account.username}. `, h("a", { href: "/" }, "Go on"), "."),
  ];
}

function decoded(text) {
  try {
    return decodeURIComponent(text.replace(/^"|"$/g, ""));
  } catch {
    return OTHERWISE;
  }
}
