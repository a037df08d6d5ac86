/** Values of parameters, from and to the text in which people type them. */

import { bounds } from "./documentation.js";

/** By type: what a text that is not empty means, as `{value}`, or what is wrong with it, as `{problem}`. */
export const READERS = {
  Number: number,
  Float: number,
  Integer: (text, range) => (Number.isInteger(Number(text)) ? number(text, range) : { problem: "takes a whole number" }),
  Boolean: (text) => ({ value: text === "true" }),
  String: (text, range) => chosen(text, [text], range),
  Array: list,
  Object: object,
};

/** The text in which a value is typed; empty for none. */
export function textOfValue(value, kind) {
  if (value === undefined || value === null) return "";
  return kind === "String" || typeof value !== "object" ? String(value) : JSON.stringify(value);
}

function number(text, range) {
  const value = Number(text);
  if (!Number.isFinite(value)) return { problem: "takes a number" };
  if (value < (range.minimum ?? -Infinity) || value > (range.maximum ?? Infinity)) return { problem: `takes ${bounds(range)}` };
  return chosen(value, [value], range);
}

/** A list as JSON, or words with commas between them. */
function list(text, range) {
  if (!text.startsWith("[")) {
    const words = text.split(",").map((word) => word.trim()).filter(Boolean);
    return chosen(words, words, range);
  }
  const { value, problem } = json(text);
  if (problem) return { problem };
  return Array.isArray(value) ? chosen(value, value, range) : { problem: "takes a list, such as [\"person\", \"car\"]" };
}

function object(text) {
  return json(text);
}

function json(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `is no JSON: ${error.message}` };
  }
}

function chosen(value, entries, { choices }) {
  const unknown = choices && entries.find((entry) => !choices.includes(entry));
  return unknown === undefined ? { value } : { problem: `takes ${bounds({ choices })}, not ${unknown}` };
}
