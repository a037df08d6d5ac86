/** The messages tab of a job: what the analytic reports, as it is reported. */

import { each, h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { emptyState } from "../../parts/elements.js";

const timeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function messagesTab({ messages, warnings, isActive }) {
  const numbered = computed(() => messages.value.map((entry, number) => ({ ...entry, number })));
  const isEmpty = computed(() => messages.value.length + warnings.value.length === 0);
  return [
    h("ul.warnings", { hidden: () => warnings.value.length === 0 }, each(() => warnings.value, (text) => text, (text) => h("li", {}, text.peek()))),
    h(
      "div",
      { role: "log", "aria-label": "Messages", hidden: () => isEmpty.value },
      h("ol.messages", {}, each(() => numbered.value, ({ number }) => String(number), (entry) => h("li", {}, h("time.muted", {}, () => timeText(entry.value.time)), h("span", {}, () => entry.value.message)))),
    ),
    () => isEmpty.value && (isActive() ? emptyState("No messages yet", "Messages of the analytic appear here.") : emptyState("No messages", "Messages of the analytic appear here while the job runs.")),
  ];
}

/** Format the time of a message. Status documents have times in UTC without a zone. */
function timeText(text) {
  const moment = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(moment.getTime()) ? "" : timeFormat.format(moment);
}
