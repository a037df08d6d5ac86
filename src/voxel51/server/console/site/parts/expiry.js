/** Asking how long something is kept. */

import { h } from "../core/dom.js";
import { dateTime } from "../core/format.js";
import { dialog } from "./dialog.js";
import { field, form } from "./form.js";

/**
 * Ask for a new time of expiry, and have it set by `change(body)` (the body of `PUT …/ttl`); resolves to whether it was.
 *
 * @param {string|null} present when it expires now; null for many with times of their own
 */
export async function askExpiry(title, present, change) {
  const isDone = await dialog(title, (close) =>
    form(
      [
        present && h("p", {}, `It is kept until ${dateTime(present)}.`),
        field("Keep it until", dateInput("moment", present), { hint: "What is past deletes it at once." }),
      ],
      {
        verb: "Change",
        cancel: () => close(false),
        submit: async ({ moment }) => {
          await change({ expiration_date: new Date(moment).toISOString() });
          close(true);
        },
      },
    ),
  );
  return isDone === true;
}

/** A control for a moment, in the time of whoever looks. */
export function dateInput(name, moment, attributes = { required: true }) {
  return h("input", { type: "datetime-local", name, value: moment ? local(moment) : "", ...attributes });
}

function local(text) {
  const moment = new Date(text);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
