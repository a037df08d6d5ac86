/** What stands around every page of the account: the way to the others. */

import { h } from "../../core/dom.js";
import { place } from "../../core/router.js";
import { heading } from "../../parts/show.js";

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
  return [navigation(), heading(title, beside), content];
}

function navigation() {
  const isHere = (path) => place.value.path === path || (path !== "/account" && place.value.path.startsWith(`${path}/`));
  return h(
    "nav.subpages",
    { "aria-label": "Account" },
    PAGES.map(([path, title]) => h("a", { href: path, "aria-current": () => isHere(path) && "page" }, title)),
  );
}
