/** What stands around every page of the account: the way to the others. */

import { heading } from "../../parts/show.js";
import { subpages } from "../../parts/subpages.js";

const PAGES = [
  ["/account", "Profile"],
  ["/account/tokens", "Tokens"],
  ["/account/sessions", "Sessions"],
  ["/account/webhooks", "Webhooks"],
  ["/account/activity", "Activity"],
  ["/account/leave", "Leave"],
];

/** A page of the account: the ways, a heading with `beside` it, and the content. */
export function accountPage(title, beside, ...content) {
  return [subpages("Account", PAGES), heading(title, beside), content];
}
