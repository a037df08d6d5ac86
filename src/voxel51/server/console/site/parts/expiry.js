/** Expiry dates: the dialog that changes them, and the input for a date and time. */

import { h } from "../core/dom.js";
import { dateTime } from "../core/format.js";
import { dialog } from "./dialog.js";
import { field, form } from "./form.js";

const MAX_DAYS = 36_500;

/**
 * Ask for a new expiry date, and set it by `change(body)` (the body of `PUT …/ttl`); resolves to whether it was changed.
 *
 * @param {string|null} current the current date; null for several records with different dates
 */
export async function askExpiry(title, current, change) {
  const isDone = await dialog(title, (close) => {
    const days = h("input", { name: "days", type: "number", step: "any", min: -MAX_DAYS, max: MAX_DAYS });
    const moment = dateInput("moment");
    // Either field suffices: typing into one clears the other, and moves the `required` mark to the one in use.
    const either = (mine, other) => () => {
      if (mine.value) other.value = "";
      other.required = !mine.value;
    };
    days.addEventListener("input", either(days, moment));
    moment.addEventListener("input", either(moment, days));
    const fields = [field("Extend by (days)", days, { hint: "Negative numbers shorten the lifetime. Anything that has expired is deleted." }), field("Or expire on", moment)];
    days.required = moment.required = true; // set after the labels were made, so that neither is marked as required
    return form([current && h("p", {}, `Current expiry: ${dateTime(current)}`), fields], {
      verb: "Change expiry",
      cancel: () => close(),
      submit: async (values) => {
        await change(ttlBody(values));
        close(true);
      },
    });
  });
  return isDone === true;
}

/** An input for a date and time, in the user's time zone. */
export const dateInput = (name, attributes = {}) => h("input", { type: "datetime-local", name, ...attributes });

const ttlBody = ({ days, moment }) => (days ? { days } : { expiration_date: new Date(moment).toISOString() });
