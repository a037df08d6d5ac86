/** Help on the search syntax: a button that opens examples. */

import { h } from "../core/dom.js";
import { icon } from "./icons.js";
import { popover } from "./popover.js";

/**
 * @param {Array<[string, string]>} examples a query, and what it finds
 */
export const queryHelp = (examples) =>
  popover(icon("help"), "Search syntax", [
    h("h2", {}, "Search syntax"),
    h("dl", {}, examples.map(([typed, found]) => h("div", {}, h("dt", {}, h("code", {}, typed)), h("dd", {}, found)))),
    h("p.muted", {}, "The search ignores case. Put a backslash before a comma, colon or bar to search for that character."),
  ]);
