/** Retention of uploads: how long they are kept, as the user last chose in this browser. */

import { h } from "../core/dom.js";
import { signal } from "../core/reactive.js";
import { select } from "../parts/form.js";

const KEY = "days that uploads are kept";
const DAY_MILLISECONDS = 86_400_000;

export const PERIODS = [
  ["", "default"],
  ["1", "1 day"],
  ["7", "1 week"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "1 year"],
];

const days = signal(PERIODS.some(([value]) => value === localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "");

/** Return the expiry date of an upload that starts now (ISO 8601); undefined for the platform's default. */
export const expiryDate = (chosen = days.peek()) => (chosen ? new Date(Date.now() + Number(chosen) * DAY_MILLISECONDS).toISOString() : undefined);

/** A select for the retention period. */
export function retentionSelect() {
  const control = select(PERIODS, {
    "aria-label": "Keep uploads for",
    value: days.peek(),
    onchange: (event) => {
      days.value = event.target.value;
      localStorage.setItem(KEY, days.peek());
    },
  });
  return h("label.retention", {}, h("span", {}, "Keep uploads for"), control);
}
