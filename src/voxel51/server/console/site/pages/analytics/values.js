/** Parameter values: parse the text of a form field, and format a value as text. */

import { bounds } from "./documentation.js";

/** Parsers by type: each returns `{value}` for a valid text, or `{problem}`. */
export const READERS = {
  Number: number,
  Float: number,
  Integer: (text, range) => (Number.isInteger(Number(text)) ? number(text, range) : { problem: "Enter a whole number." }),
  Boolean: (text) => ({ value: text === "true" }),
  String: (text, range) => chosen(text, [text], range),
  Array: list,
  Object: object,
};

/** Format a value as the text of a field; empty for a missing value. */
export function textOfValue(value, kind) {
  if (value === undefined || value === null) return "";
  return kind === "String" || typeof value !== "object" ? String(value) : JSON.stringify(value);
}

function number(text, range) {
  const value = Number(text);
  if (!Number.isFinite(value)) return { problem: "Enter a number." };
  if (value < (range.minimum ?? -Infinity) || value > (range.maximum ?? Infinity)) return { problem: `Enter a number in the range: ${bounds(range)}.` };
  return chosen(value, [value], range);
}

/** Parse a list: JSON, or words separated by commas. */
function list(text, range) {
  if (!text.startsWith("[")) {
    const words = text.split(",").map((word) => word.trim()).filter(Boolean);
    return chosen(words, words, range);
  }
  const { value, problem } = json(text);
  if (problem) return { problem };
  return Array.isArray(value) ? chosen(value, value, range) : { problem: "Enter a list, for example [\"person\", \"car\"]." };
}

function object(text) {
  return json(text);
}

function json(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `Invalid JSON: ${error.message}` };
  }
}

function chosen(value, entries, { choices }) {
  const unknown = choices && entries.find((entry) => !choices.includes(entry));
  return unknown === undefined ? { value } : { problem: `Invalid value ${unknown}. Enter ${bounds({ choices })}.` };
}
