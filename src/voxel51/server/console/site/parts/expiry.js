/** Asking how long something is kept. */

import { h } from "../core/dom.js";
import { dateTime } from "../core/format.js";
import { dialog } from "./dialog.js";
import { field, form } from "./form.js";

const MOST_DAYS = 36_500;

/**
 * Ask for a new time of expiry, and have it set by `change(body)` (the body of `PUT …/ttl`); resolves to whether it was.
 *
 * @param {string|null} present when it expires now; null for many with times of their own
 */
export async function askExpiry(title, present, change) {
  const isDone = await dialog(title, (close) => {
    const days = h("input", { name: "days", type: "number", step: "any", min: -MOST_DAYS, max: MOST_DAYS });
    const moment = dateInput("moment");
    // One of the two: what is typed into one empties the other.
    const either = (mine, other) => () => {
      if (mine.value) other.value = "";
      other.required = !mine.value;
    };
    days.addEventListener("input", either(days, moment));
    moment.addEventListener("input", either(moment, days));
    const fields = [field("Days more", days, { hint: "From when it would expire; below zero: sooner. What is past then is deleted." }), field("Or until", moment)];
    days.required = moment.required = true; // until one of them is there, so neither is marked as needed
    return form([present && h("p", {}, `It is kept until ${dateTime(present)}.`), fields], {
      verb: "Change",
      cancel: () => close(),
      submit: async (values) => {
        await change(asked(values));
        close(true);
      },
    });
  });
  return isDone === true;
}

/** A control for a moment, in the time of whoever looks. */
export const dateInput = (name, attributes = {}) => h("input", { type: "datetime-local", name, ...attributes });

const asked = ({ days, moment }) => (days ? { days } : { expiration_date: new Date(moment).toISOString() });
