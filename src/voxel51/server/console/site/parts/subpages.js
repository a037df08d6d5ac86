/** Navigation between the pages of one section, such as those of the account. */

import { h } from "../core/dom.js";
import { route } from "../core/router.js";
import { SECTIONS } from "../site.js";
import { heading } from "./elements.js";

/**
 * A page with the navigation of its section above a heading and the content.
 *
 * @param {string} path of the section, such as "/account"
 * @param {Node|Array|null} actions beside the heading
 */
export function subpage(path, title, actions, ...content) {
  const section = SECTIONS.find((other) => other.path === path);
  return [navigation(section), heading(title, actions), content];
}

function navigation({ title, path: first, pages }) {
  // The path of the first page is the beginning of all the others', so only an exact match makes it the current one.
  const isCurrent = (path) => route.value.path === path || (path !== first && route.value.path.startsWith(`${path}/`));
  return h(
    "nav.subpages",
    { "aria-label": title },
    pages.filter(({ tab }) => tab).map(({ path, tab }) => h("a", { href: path, "aria-current": () => isCurrent(path) && "page" }, tab)),
  );
}
