/** The progress of a query over labels: they are converted first, if their results are new. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";

/** Return a text that says what a query waits for; `verb` says what the query itself does, such as "Counting". */
export function queryProgress(pending, verb) {
  if (!pending?.conversions) return h("p.loading", { role: "status" }, `${verb}…`);
  const { done, total } = pending.conversions;
  return h("p.loading", { role: "status" }, `Preparing the labels of new results: ${count(done)} of ${count(total)} ready…`);
}
