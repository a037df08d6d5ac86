/** What stands around every page of the operators' side: the way to the others, and a word to who is no operator. */

import { h } from "../../core/dom.js";
import { may } from "../../core/session.js";
import { emptiness, heading } from "../../parts/show.js";
import { subpages } from "../../parts/subpages.js";

const PAGES = [
  ["/admin", "Overview"],
  ["/admin/usage", "Usage"],
  ["/admin/users", "Users"],
  ["/admin/applications", "Applications"],
  ["/admin/settings", "Settings"],
  ["/admin/audit", "Audit log"],
];

/**
 * A page for operators: the ways, a heading with something beside it, and the content.
 *
 * @param {() => Array<Node>} content made for operators alone, since it asks for what others are refused
 * @param {() => Array<Node>} [beside] made for operators alone as well
 */
export function adminPage(title, content, beside) {
  if (!may("administer")) return refusal();
  return [subpages("Admin", PAGES), heading(title, beside?.()), content()];
}

function refusal() {
  return [
    heading("For operators alone"),
    emptiness(
      "Your account is no operator's",
      "Operators look after the platform, its users and its settings. One of them can give your account that role.",
      h("a.button", { href: "/" }, "To the first page"),
    ),
  ];
}
