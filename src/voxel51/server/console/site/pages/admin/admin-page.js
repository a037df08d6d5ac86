/** The frame of every admin page; accounts that are not operators get an explanation instead. */

import { h } from "../../core/dom.js";
import { hasScope } from "../../core/session.js";
import { emptyState, heading } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";

/**
 * A page for operators.
 *
 * @param {() => Array<Node>} content made for operators only, since its requests are refused to others
 * @param {() => Array<Node>} [actions] beside the heading; made for operators only as well
 */
export function adminPage(title, content, actions) {
  return hasScope("administer") ? subpage("/admin", title, actions?.(), content()) : forOperatorsOnly();
}

function forOperatorsOnly() {
  return [
    heading("Operators only"),
    emptyState("You are not an operator", "Operators manage the platform, its users and its settings. Ask an operator to change your role.", h("a.button", { href: "/" }, "Go to Home")),
  ];
}
