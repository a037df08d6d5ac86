/** Form fields for the inputs of an analytic: videos or files of the user. */

import { computed, effect, signal } from "../../core/reactive.js";
import { inline } from "../../parts/prose.js";
import { dataChooser } from "./data-chooser.js";
import { readable } from "./naming.js";
import { group } from "./parameters.js";

/**
 * The field of an input. It has the shape of a parameter's (`parameterField`), and `chosen`, a signal of the records.
 *
 * @param {boolean} isMany whether several may be chosen; each of them gets its own job
 */
export function inputField(input, records, isMany) {
  const chosen = signal(records);
  const error = signal("");
  const noun = input.type.endsWith(".Video") ? (isMany ? "videos" : "a video") : isMany ? "files" : "a file";
  const control = dataChooser(chosen, { noun, isMany });
  const more = isMany ? " If you choose several, each gets its own job." : "";
  const node = group(readable(input.name), control, [inline(input.description ?? ""), more], error, input.required);
  node.dataset.input = input.name;
  const problem = computed(() => {
    const missing = chosen.value.filter(({ isMissing }) => isMissing);
    if (missing.length > 0) return `${missing.map(({ id }) => id).join(", ")} was deleted. Choose another.`;
    return input.required && chosen.value.length === 0 ? `Choose ${noun}.` : "";
  });
  effect(() => {
    chosen.value;
    error.value = "";
  });
  const focus = () => [...control.querySelectorAll("button")].at(-1).focus();
  const value = computed(() => (chosen.value.length ? { "data-id": chosen.value[0].id } : undefined));
  return { name: input.name, part: "inputs", node, chosen, value, problem, error, focus };
}
