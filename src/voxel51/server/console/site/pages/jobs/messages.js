/** What a job tells of itself, as it tells it. */

import { each, h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { emptiness } from "../../parts/show.js";

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function messages({ messages: told, warnings, isGoing }) {
  const numbered = computed(() => told.value.map((entry, number) => ({ ...entry, number })));
  const isEmpty = computed(() => told.value.length + warnings.value.length === 0);
  return [
    h("ul.warnings", { hidden: () => warnings.value.length === 0 }, each(() => warnings.value, (text) => text, (text) => h("li", {}, text.peek()))),
    h(
      "div",
      { role: "log", "aria-label": "Messages", hidden: () => isEmpty.value },
      h("ol.messages", {}, each(() => numbered.value, ({ number }) => String(number), (entry) => h("li", {}, h("time.soft", {}, () => timeOf(entry.value.time)), h("span", {}, () => entry.value.message)))),
    ),
    () => isEmpty.value && (isGoing() ? emptiness("Nothing yet", "What the analytic says appears here.") : emptiness("No messages", "It said nothing.")),
  ];
}

/** Status documents name times in UTC without saying so. */
function timeOf(text) {
  const moment = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(moment.getTime()) ? "" : time.format(moment);
}
