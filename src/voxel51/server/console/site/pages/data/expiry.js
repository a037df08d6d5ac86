/** Changing when files expire. */

import { h } from "../../core/dom.js";
import { count, date } from "../../core/format.js";
import { batch } from "../../parts/batch.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";

const DAY_MILLISECONDS = 86_400_000;

/** Ask for how long `rows` are kept, and change it; resolves to whether it was asked for. */
export async function changeExpiry(rows) {
  const change = await dialog(rows.length === 1 ? "Change when this file expires" : `Change when ${count(rows.length)} files expire`, (close) => {
    const days = h("input", { name: "days", type: "number", step: "any", min: -36_500, max: 36_500 });
    const day = h("input", { name: "day", type: "date", min: new Date(Date.now() + DAY_MILLISECONDS).toISOString().slice(0, 10) });
    // One of the two: what is typed into one empties the other.
    const either = (mine, other) => () => {
      if (mine.value) other.value = "";
      other.required = !mine.value;
    };
    days.addEventListener("input", either(days, day));
    day.addEventListener("input", either(day, days));
    const fields = [field("Days more", days, { hint: "From when it would expire. Less than zero: sooner; what is past then is deleted." }), field("Or until the end of", day)];
    days.required = day.required = true; // until one of them is there, so neither is marked as needed
    return form(
      [
        rows.length === 1 && h("p", {}, "It expires on ", h("strong", {}, date(rows[0].expiration_date)), "."),
        fields,
      ],
      { verb: "Change", cancel: () => close(), submit: (values) => close(asked(values)) },
    );
  });
  if (change) await batch("data", "ttl", rows, rows.length === 1 ? "is kept until another day" : "are kept until another day", change);
  return change !== undefined;
}

const asked = ({ days, day }) => (days ? { days } : { expiration_date: new Date(`${day}T23:59:59`).toISOString() });
