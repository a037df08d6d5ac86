/** Sweeps: a section of the run form with several values of one or two parameters, each combination a run of its own. */

import { h } from "../../core/dom.js";
import { computed, effect, signal } from "../../core/reactive.js";
import { count } from "../../core/format.js";
import { field, select } from "../../parts/form.js";
import { bounds } from "./documentation.js";
import { readable } from "./naming.js";
import { READERS } from "./values.js";

const ROWS = 2;
const MAX_SETS = 100;
const KINDS = new Set(["Number", "Float", "Integer", "Boolean", "String"]);

/**
 * @param {Array<object>} parameters of the manifest
 * @param {object} ranges of their values, by name
 * @returns {{node, sets, problem, error, focus}} `sets` is a signal of the combinations, as objects of parameters; empty without a sweep. The
 *   others are those of a field; `node` is null if no parameter can be varied
 */
export function sweepFields(parameters, ranges) {
  const varied = parameters.filter(({ type }) => KINDS.has(kindOf(type)));
  const rows = Array.from({ length: Math.min(ROWS, varied.length) }, () => ({ name: signal(""), text: signal("") }));
  const read = computed(() => combinations(rows.filter(({ name }) => name.value).map(({ name, text }) => valuesOf(varied.find((each) => each.name === name.value), ranges, text.value))));
  const sets = computed(() => (read.value.problem ? [] : read.value.sets));
  const problem = computed(() => read.value.problem ?? "");
  const error = signal("");
  effect(() => {
    read.value;
    error.value = "";
  });
  const options = [["", "none"], ...varied.map(({ name }) => [name, readable(name)])];
  const inputs = rows.map((row, index) => rowOf(row, index, options, varied, ranges));
  const node =
    rows.length > 0 &&
    h(
      "details.card.sweep",
      {},
      h("summary", {}, h("h2", {}, "Sweep"), h("span.muted", {}, "several values of parameters, to compare the results")),
      inputs.map(({ node: each }) => each),
      h("p.error", { role: "alert" }, () => error.value),
      h("p.muted", { role: "status" }, () => (sets.value.length > 1 ? `${count(sets.value.length)} parameter sets; the page of the batch shows them side by side.` : "")),
    );
  return { name: "sweep", part: "sweep", node, sets, problem, error, focus: () => inputs[0].focus() };
}

function rowOf({ name, text }, index, options, varied, ranges) {
  const chosen = () => varied.find((each) => each.name === name.value);
  const input = h("input", { type: "text", autocomplete: "off", spellcheck: "false", disabled: () => !name.value, placeholder: () => (chosen() ? exampleOf(chosen(), ranges[name.value] ?? {}) : ""), oninput: (event) => (text.value = event.target.value) });
  const hint = () => {
    const range = chosen() && bounds(ranges[name.value] ?? {});
    return `Separated by commas${range ? ` (${range})` : ""}`;
  };
  const node = h("div.pairs", {}, field(index === 0 ? "Vary" : "And vary", select(options, { onchange: ({ target }) => (name.value = target.value) })), field(index === 0 ? "Values" : "Values of the second", input, { hint }));
  return { node, focus: () => input.focus() };
}

const kindOf = (type) => type.split(".").at(-1);

function exampleOf({ type, default: preset }, { choices }) {
  if (choices) return choices.slice(0, 2).join(", ");
  if (kindOf(type) === "Boolean") return "true, false";
  return preset === undefined || preset === null ? "" : `${preset}, …`;
}

/** Return the values of a parameter as objects with it, or a problem. */
function valuesOf({ name, type }, ranges, text) {
  const words = [...new Set(text.split(",").map((word) => word.trim()).filter(Boolean))];
  if (words.length === 0) return { problem: `Enter the values of “${readable(name)}”, separated by commas.` };
  const sets = [];
  for (const word of words) {
    const isWrongFlag = kindOf(type) === "Boolean" && word !== "true" && word !== "false";
    const { value, problem } = isWrongFlag ? { problem: "Enter true or false." } : READERS[kindOf(type)](word, ranges[name] ?? {});
    if (problem) return { problem: `“${word}” is not a value of “${readable(name)}”: ${problem}` };
    sets.push({ [name]: value });
  }
  return { sets };
}

/** Combine the values of several parameters, each with each. */
export function combinations(read) {
  const wrong = read.find(({ problem }) => problem);
  if (wrong) return wrong;
  if (read.length === 0) return { sets: [] };
  const sets = read.reduce((found, { sets: values }) => found.flatMap((one) => values.map((other) => ({ ...one, ...other }))), [{}]);
  if (sets.length > MAX_SETS) return { problem: `These are ${count(sets.length)} combinations; a sweep has at most ${MAX_SETS}.` };
  const names = new Set(sets.flatMap(Object.keys));
  return names.size < read.length ? { problem: "Vary two different parameters." } : { sets };
}
