/** What must be so of the labels that are looked for. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { effect, signal } from "../../core/reactive.js";
import { checkbox, field, select } from "../../parts/form.js";

const TYPING_MILLISECONDS = 300;

/** Fields beside each other; each changes what is searched for at once. */
export function conditions(wanted, change) {
  return h(
    "section.card.conditions",
    { "aria-label": "Conditions" },
    field("Longer than (seconds)", typedInto("longerThan", wanted, change, { type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: "any" })),
    field("At least this sure (0 to 1)", typedInto("confidence", wanted, change, { type: "number", min: 0, max: 1, step: "any", inputmode: "decimal", placeholder: "any" })),
    field("Text that was read", typedInto("text", wanted, change, { type: "text", placeholder: "any" })),
    field("Found by", analyticChoice(wanted, change)),
    checkbox("All at the same time", {
      checked: () => wanted.value.together,
      disabled: () => wanted.value.labels.length < 2,
      onchange: (event) => change({ together: event.target.checked }),
    }),
  );
}

function typedInto(name, wanted, change, attributes) {
  let timer;
  const isNumber = attributes.type === "number";
  return h("input", {
    ...attributes,
    autocomplete: "off",
    value: wanted.peek()[name] || "",
    oninput: ({ target }) => {
      clearTimeout(timer);
      timer = setTimeout(() => target.reportValidity() && change({ [name]: isNumber ? Number(target.value) : target.value.trim() }), TYPING_MILLISECONDS);
    },
  });
}

/** The analytics there are; until they are known, the one that is chosen. */
function analyticChoice(wanted, change) {
  const names = signal([wanted.peek().analytic].filter(Boolean));
  const choice = select([], { onchange: ({ target }) => change({ analytic: target.value }) });
  effect(() => {
    const options = [["", "any analytic"], ...names.value.map((name) => [name, name])];
    choice.replaceChildren(...options.map(([value, title]) => h("option", { value, selected: value === wanted.peek().analytic }, title)));
  });
  get("/analytics", { fields: "name" })
    .then(({ analytics }) => (names.value = [...new Set([...names.peek(), ...analytics.map(({ name }) => name)])].sort()))
    .catch(() => {}); // the others cannot be chosen then; what is searched for works without
  return choice;
}
