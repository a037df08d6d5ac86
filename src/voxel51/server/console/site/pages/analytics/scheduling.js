/** Fields of the run form that say when and how often a job runs. They are collapsed, because most jobs need none of them. */

import { h } from "../../core/dom.js";
import { computed, signal } from "../../core/reactive.js";
import { field } from "../../parts/form.js";

/** Fields, and the scheduling options that they state, which are null while all fields are empty. */
export function schedulingFields() {
  const texts = { priority: signal(""), not_before: signal(""), deadline: signal(""), timeout_minutes: signal(""), retries: signal("") };
  const input = (name, attributes) => h("input", { name, ...attributes, oninput: (event) => (texts[name].value = event.target.value) });
  const moment = (name) => input(name, { type: "datetime-local" });
  const node = h(
    "details.more",
    {},
    h("summary", {}, "More"),
    field("Priority", input("priority", { type: "number", min: -100, max: 100, step: 1, placeholder: "0" }), { hint: "Of your queued jobs, the one with the highest priority starts first." }),
    field("Start not before", moment("not_before"), { hint: "The job waits in the queue until then." }),
    field("Deadline", moment("deadline"), { hint: "A job that has not finished by then is cancelled." }),
    field("Time limit in minutes", input("timeout_minutes", { type: "number", min: 1, step: 1 }), { hint: "A job that runs longer fails." }),
    field("Retries", input("retries", { type: "number", min: 0, max: 100, step: 1, placeholder: "0" }), { hint: "How often the job runs again if its analytic or the platform fails." }),
  );
  return { node, options: computed(() => optionsOf(texts)) };
}

function optionsOf(texts) {
  const options = {};
  if (Number(texts.priority.value)) options.priority = Number(texts.priority.value);
  for (const name of ["not_before", "deadline"]) if (texts[name].value) options[name] = new Date(texts[name].value).toISOString();
  if (texts.timeout_minutes.value) options.timeout_seconds = Number(texts.timeout_minutes.value) * 60;
  const count = Number(texts.retries.value);
  if (count) options.retry = { ANALYTIC: { count }, PLATFORM: { count } };
  return Object.keys(options).length ? options : null;
}
