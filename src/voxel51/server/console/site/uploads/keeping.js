/** For how long uploads are kept, as somebody last chose in this browser. */

import { h } from "../core/dom.js";
import { signal } from "../core/reactive.js";
import { select } from "../parts/form.js";

const KEY = "days that uploads are kept";
const DAY_MILLISECONDS = 86_400_000;

export const PERIODS = [
  ["", "the usual time"],
  ["1", "a day"],
  ["7", "a week"],
  ["30", "a month"],
  ["90", "three months"],
  ["365", "a year"],
];

const days = signal(PERIODS.some(([value]) => value === localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "");

/** When what is uploaded now expires (ISO 8601); nothing where the platform says so itself. */
export const expiry = (chosen = days.peek()) => (chosen ? new Date(Date.now() + Number(chosen) * DAY_MILLISECONDS).toISOString() : undefined);

/** A control to choose it. */
export function keepingChoice() {
  const control = select(PERIODS, {
    "aria-label": "Keep uploads for",
    value: days.peek(),
    onchange: (event) => {
      days.value = event.target.value;
      localStorage.setItem(KEY, days.peek());
    },
  });
  return h("label.keeping", {}, h("span", {}, "Keep uploads for"), control);
}
