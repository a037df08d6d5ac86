/**
 * Routes of the console: its sections in the order of the navigation, and their pages.
 *
 * The server reads `routes.json` to know which paths it must answer with the document, and puts the same text into the
 * document; so a path is written in one place, and the console needs no request to learn it.
 *
 * A section has `title`; `path` and `icon` where it has an entry in the navigation; `scope` where it is for accounts with
 * that scope only. A page has `path` (with placeholders such as `:id`), `module` (below `pages/`, with a function
 * `page(parameters)` that returns nodes), `tab` (its title in the navigation between the pages of a section), and
 * `public` where no sign-in is needed.
 */

import { BASE, SECTIONS } from "./site.js";

/** All pages, each with its `section`. */
export const PAGES = SECTIONS.flatMap((section) => section.pages.map((page) => ({ ...page, section })));

/** Load the module of a page. */
export const loadPage = ({ module }) => import(`${BASE}/pages/${module}`);
