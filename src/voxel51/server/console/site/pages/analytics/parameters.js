/** Form fields for the parameters of an analytic, by type. */

import { h } from "../../core/dom.js";
import { computed, effect, signal } from "../../core/reactive.js";
import { button, field, select } from "../../parts/form.js";
import { inline } from "../../parts/prose.js";
import { dataChooser } from "./data-chooser.js";
import { bounds } from "./documentation.js";
import { readable } from "./naming.js";
import { regionControl, regionOf, regionError } from "./region.js";
import { READERS, textOfValue } from "./values.js";

/**
 * The field of a parameter.
 *
 * @param {object} parameter of the manifest
 * @param {object} range of its values, from the manifest's extensions
 * @param {*} given the initial value; undefined for the default
 * @param {() => string|undefined} videoId of the chosen video, for controls that show its image
 * @returns {{name, part, node, value, problem, error, focus}} `value` is a signal of the value in the request, undefined if it
 *   is left out; `problem` a signal of what is wrong with the input; `error` a signal of the error that is shown
 */
export function parameterField(parameter, range, given, videoId) {
  const kind = parameter.type.split(".").at(-1);
  const isRegion = parameter.name === "region" && kind === "Array";
  if (isRegion) return regionField(parameter, given, videoId);
  if (!READERS[kind] && !isPlain(parameter)) return dataField(parameter, given);
  return plainField(parameter, range, given, kind);
}

/** An unknown type is data, unless the default or the placeholder shows that it is a plain value. */
function isPlain({ default: preset, placeholder }) {
  return (preset !== undefined && preset !== null) || /^\s*[[{](?!\s*"data-id")/.test(placeholder ?? "");
}

function plainField(parameter, range, given, kind) {
  const preset = textOfValue(parameter.default, kind);
  const raw = signal(given === undefined ? preset : textOfValue(given, kind));
  const read = computed(() => (raw.value === "" ? {} : (READERS[kind] ?? READERS.Object)(raw.value, range)));
  const problem = computed(() => read.value.problem ?? (raw.value === "" && parameter.required && preset === "" ? "A value is required." : ""));
  const value = computed(() => (raw.value === preset || read.value.problem ? undefined : read.value.value));
  const control = controlOf(parameter, range, kind, raw);
  const reset = () => (raw.value = preset);
  return finished(parameter, { value, problem, control, hint: bounds(range), reset: { isWanted: () => raw.value !== preset, run: reset, preset } });
}

function regionField(parameter, given, videoId) {
  const none = ["", "", "", ""];
  const sides = signal(Array.isArray(given) && given.length === 4 ? given.map(String) : none);
  const value = computed(() => (sides.value.every((side) => side === "") || regionError(sides.value) ? undefined : regionOf(sides.value)));
  const reset = { isWanted: () => sides.value.some((side) => side !== ""), run: () => (sides.value = none), preset: "the whole frame" };
  const control = regionControl(sides, videoId);
  return finished(parameter, { value, problem: computed(() => regionError(sides.value)), control, hint: "", reset });
}

function dataField(parameter, given) {
  const id = given?.["data-id"];
  const chosen = signal(id ? [{ id, name: given.name ?? id }] : []);
  const value = computed(() => (chosen.value.length ? { "data-id": chosen.value[0].id } : undefined));
  const problem = computed(() => (parameter.required && chosen.value.length === 0 ? "Choose a file." : ""));
  const control = dataChooser(chosen, { noun: "a file", isMany: false });
  return finished(parameter, { value, problem, control, hint: "", reset: null });
}

/** The field around a control. Its error is shown when the form is submitted, and hidden as soon as the value changes. */
function finished(parameter, { value, problem, control, hint, reset }) {
  const error = signal("");
  const title = readable(parameter.name);
  const isNative = /^(INPUT|SELECT|TEXTAREA)$/.test(control.tagName);
  if (isNative) control.required = parameter.required && parameter.default === undefined;
  const explained = [inline(parameter.description ?? ""), hint && ` (${hint})`];
  const named = isNative ? field(title, control, { hint: explained, error }) : group(title, control, explained, error, parameter.required);
  const back = reset && (reset.preset === "" ? "Clear" : `Reset to ${reset.preset}`);
  const again = reset && h("span.reset", { hidden: () => !reset.isWanted() }, button(back, reset.run, { kind: "link", "aria-label": `${back}: ${title}` }));
  if (again) named.append(again);
  named.dataset.parameter = parameter.name;
  effect(() => {
    value.value;
    problem.value;
    error.value = "";
  });
  const focus = () => (isNative ? control : control.querySelector("input, button")).focus();
  return { name: parameter.name, part: "parameters", node: named, value, problem, error, focus };
}

/** A field of several controls. */
export function group(title, control, hint, error, isRequired) {
  const id = `group-${title.replaceAll(/\W/g, "-")}`;
  return h(
    "div.field",
    { role: "group", "aria-labelledby": id, class: () => (error.value ? "wrong" : "") },
    h("p.label", { id }, title, isRequired && h("span.required", { title: "Required" }, " *")),
    control,
    hint && h("p.hint", {}, hint),
    h("p.error", { role: "alert" }, () => error.value),
  );
}

function controlOf({ placeholder }, range, kind, raw) {
  const typed = { value: () => raw.value, placeholder, oninput: (event) => (raw.value = typedIn(event.target)), spellcheck: "false" };
  if (range.choices && kind !== "Array") {
    const options = range.choices.map((choice) => [textOfValue(choice, kind), String(choice)]);
    return choice(raw.peek() === "" ? [["", "not set"], ...options] : options, raw);
  }
  if (kind === "Boolean") return choice([...(raw.peek() === "" ? [["", "not set"]] : []), ["true", "yes"], ["false", "no"]], raw);
  if (kind === "Number" || kind === "Float" || kind === "Integer") {
    return h("input", { type: "number", min: range.minimum, max: range.maximum, step: kind === "Integer" ? 1 : "any", ...typed });
  }
  if (kind === "String") return h("input", { type: "text", ...typed });
  return h("textarea.small", { rows: 2, ...typed });
}

function choice(options, raw) {
  const control = select(options, { onchange: (event) => (raw.value = event.target.value) });
  effect(() => {
    control.value = raw.value; // follows a reset
  });
  return control;
}

/** The text in a control. For an invalid number browsers return an empty text; return one that is reported as invalid. */
function typedIn(control) {
  return control.validity.badInput ? "not a number" : control.value.trim();
}
