/** Documentation of an analytic's inputs, parameters and outputs, from its manifest. */

import { h } from "../../core/dom.js";
import { inline } from "../../parts/prose.js";

/** The sections for the manifest `document`. */
export function documentation({ inputs = [], parameters = [], outputs = [], zip_outputs: isZip, extensions }) {
  const ranges = extensions?.parameters ?? {};
  return h(
    "div",
    {},
    part("Inputs", inputs, "No inputs", ({ name, type, required, description }) => entry(name, [kindOf(type), required ? "required" : "optional"], description)),
    part("Parameters", parameters, "No parameters", (parameter) => entry(parameter.name, [kindOf(parameter.type), ...traits(parameter, ranges[parameter.name] ?? {})], parameter.description)),
    part("Outputs", outputs, "No outputs", ({ name, type, filename, post_as_data: isData, description }) =>
      entry(name, [kindOf(type), filename, isData && "added to your videos and files"], description),
    ),
    isZip && outputs.length > 0 && h("p.muted", {}, "All outputs are packed into one file, output.zip."),
  );
}

/** A type in words: `types.VideoLabels` becomes "video labels". */
const kindOf = (type) => type.replace(/^.*\./, "").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

/** The valid values of a parameter in words: `0 to 1`, `at least 1`, `one of a, b`; empty if any value is valid. */
export function bounds({ minimum, maximum, choices } = {}) {
  if (choices) return `one of ${choices.join(", ")}`;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  return maximum === undefined ? "" : `at most ${maximum}`;
}

function traits(parameter, range) {
  const hasDefault = parameter.default !== undefined && parameter.default !== null;
  return [hasDefault ? `default ${JSON.stringify(parameter.default)}` : parameter.required ? "required" : "optional", bounds(range)];
}

function part(title, entries, none, show) {
  return h("section", {}, h("h2", {}, title), entries.length ? h("dl.entries", {}, entries.map(show)) : h("p.muted", {}, none));
}

function entry(name, traitsOfIt, description) {
  return h(
    "div",
    {},
    h("dt", {}, h("code", {}, name), traitsOfIt.filter(Boolean).map((trait) => h("span.trait", {}, trait))),
    h("dd", {}, inline(String(description ?? ""))),
  );
}
