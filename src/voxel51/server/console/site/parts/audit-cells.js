/** Table cells of audit log entries. */

import { h } from "../core/dom.js";

/** The account that acted. The log adds an id in parentheses to tell equal names apart; it is shown as a tooltip. */
export const actor = (text) => h("span", { title: text }, text.replace(/ \([^()]*\)$/, ""));

/** The details of an entry, except those named in `hidden`. */
export function details(pairs, hidden = []) {
  const shown = Object.entries(pairs ?? {}).filter(([name, value]) => value !== null && !hidden.includes(name));
  return shown.length > 0 && h("span.tags", {}, shown.map(([name, value]) => h("span.tag", {}, `${name}: ${valueText(value)}`)));
}

const valueText = (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value));
