/** A problem of a deployed source: what is wrong, and the file, line or field where it is known. */

import { h } from "../../../core/dom.js";
import { icon } from "../../../parts/icons.js";

/**
 * @param {{message: string, file: string|null, line: number|null, field: string|null}} problem
 * @param {string} title
 */
export function problemCard({ message, file, line, field }, title) {
  const place = [file, line && `line ${line}`, field].filter(Boolean).join(", ");
  return h("div.card.failure", { role: "alert" }, h("h2", {}, icon("error"), title), place && h("p.place", {}, h("code", {}, place)), h("p", {}, message));
}
