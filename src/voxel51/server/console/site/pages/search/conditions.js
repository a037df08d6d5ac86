/** The conditions of a search: duration, confidence, text, analytic, all labels at the same time. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { effect, signal } from "../../core/reactive.js";
import { checkbox, field, select } from "../../parts/form.js";

const TYPING_MILLISECONDS = 300;

/** Fields that search as soon as they change. */
export function conditions(criteria, change) {
  return h(
    "section.card.conditions",
    { "aria-label": "Conditions" },
    field("Longer than (seconds)", conditionInput("longerThan", criteria, change, { type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: "any" })),
    field("Min. confidence (0–1)", conditionInput("confidence", criteria, change, { type: "number", min: 0, max: 1, step: "any", inputmode: "decimal", placeholder: "any" })),
    field("Recognised text", conditionInput("text", criteria, change, { type: "text", placeholder: "any" })),
    field("Analytic", analyticSelect(criteria, change)),
    checkbox("All at the same time", {
      checked: () => criteria.value.together,
      disabled: () => criteria.value.labels.length < 2,
      onchange: (event) => change({ together: event.target.checked }),
    }),
  );
}

/** A field that changes a criterion as soon as it is typed. */
export function conditionInput(name, criteria, change, attributes) {
  let timer;
  const isNumber = attributes.type === "number";
  return h("input", {
    ...attributes,
    autocomplete: "off",
    value: criteria.peek()[name] || "",
    oninput: ({ target }) => {
      clearTimeout(timer);
      timer = setTimeout(() => target.reportValidity() && change({ [name]: isNumber ? Number(target.value) : target.value.trim() }), TYPING_MILLISECONDS);
    },
  });
}

/** A select of all analytics; until they are fetched, only the selected one. */
export function analyticSelect(criteria, change) {
  const names = signal([criteria.peek().analytic].filter(Boolean));
  const control = select([], { onchange: ({ target }) => change({ analytic: target.value }) });
  effect(() => {
    const options = [["", "any"], ...names.value.map((name) => [name, name])];
    control.replaceChildren(...options.map(([value, title]) => h("option", { value, selected: value === criteria.peek().analytic }, title)));
  });
  get("/analytics", { fields: "name" })
    .then(({ analytics }) => (names.value = [...new Set([...names.peek(), ...analytics.map(({ name }) => name)])].sort()))
    .catch(() => {}); // the search works without this list
  return control;
}
