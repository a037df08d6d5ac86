/** The way between the pages of one part of the console. */

import { h } from "../core/dom.js";
import { place } from "../core/router.js";

/**
 * @param {string} label what the pages are about
 * @param {Array<[string, string]>} pages path and title of each; the others' paths begin with the first one's
 */
export function subpages(label, pages) {
  const [[first]] = pages;
  const isHere = (path) => place.value.path === path || (path !== first && place.value.path.startsWith(`${path}/`));
  return h(
    "nav.subpages",
    { "aria-label": label },
    pages.map(([path, title]) => h("a", { href: path, "aria-current": () => isHere(path) && "page" }, title)),
  );
}
