/** Controls for the files that an analytic takes. */

import { computed, effect, signal } from "../../core/reactive.js";
import { inline } from "../../parts/prose.js";
import { dataChooser } from "./data-chooser.js";
import { readable } from "./naming.js";
import { group } from "./parameters.js";

/**
 * An input's field; of the same form as a parameter's (`parameterField`), with `chosen`: a signal of the records.
 *
 * @param {boolean} isMany whether several may be chosen, of which each gets a job of its own
 */
export function inputField(input, records, isMany) {
  const chosen = signal(records);
  const error = signal("");
  const what = input.type.endsWith(".Video") ? (isMany ? "videos" : "a video") : isMany ? "files" : "a file";
  const control = dataChooser(chosen, { what, isMany });
  const more = isMany ? " Of several, each gets a job of its own." : "";
  const node = group(readable(input.name), control, [inline(input.description ?? ""), more], error, input.required);
  node.dataset.input = input.name;
  const problem = computed(() => {
    const gone = chosen.value.filter(({ isMissing }) => isMissing);
    if (gone.length > 0) return `${gone.map(({ id }) => id).join(", ")} is not there any more; choose another`;
    return input.required && chosen.value.length === 0 ? `choose ${what}` : "";
  });
  effect(() => {
    chosen.value;
    error.value = "";
  });
  const focus = () => [...control.querySelectorAll("button")].at(-1).focus();
  const value = computed(() => (chosen.value.length ? { "data-id": chosen.value[0].id } : undefined));
  return { name: input.name, part: "inputs", node, chosen, value, problem, error, focus };
}
