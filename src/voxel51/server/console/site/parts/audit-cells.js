/** What lists of the audit log show of its entries. */

import { h } from "../core/dom.js";

/** Who acted. The log names them with an id behind it, which tells people of the same name apart. */
export const actor = (text) => h("span", { title: text }, text.replace(/ \([^()]*\)$/, ""));

/** The details of an entry but for those in `hidden`. */
export function details(pairs, hidden = []) {
  const told = Object.entries(pairs ?? {}).filter(([name, value]) => value !== null && !hidden.includes(name));
  return told.length > 0 && h("span.words", {}, told.map(([name, value]) => h("span.word", {}, `${name}: ${said(value)}`)));
}

const said = (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value));
