/** Labels that jobs found in a file, each a link to the files that have it, and the analytics that ran. */

import { h } from "../../core/dom.js";
import { term } from "../../core/query.js";

const MOST_LABELS = 5;

const searchFor = (field, text) => `/data?${new URLSearchParams({ search: term(field, text) })}`;
const shortName = (analytic) => analytic.slice(analytic.indexOf("/") + 1);

/**
 * @param {{labels: ?Array<string>, analytics: ?Array<string>}} record labels come with the most frequent first
 */
export function found(record, most = MOST_LABELS) {
  const labels = record.labels ?? [];
  const analytics = record.analytics ?? [];
  const more = labels.length - most;
  return [
    labels.length > 0 && h("p.chips", { "aria-label": "Labels" }, labels.slice(0, most).map((label) => h("a.button.chip", { href: searchFor("label", label), title: `All videos with “${label}”` }, label)), more > 0 && h("span.muted", { title: labels.slice(most).join(", ") }, `+${more}`)),
    analytics.length > 0 && h("p.muted", { "aria-label": "Analytics" }, analytics.flatMap((name, index) => [index > 0 && ", ", h("a", { href: searchFor("analytic", name), title: `All videos with a result of ${name}` }, shortName(name))])),
  ];
}
