/** One action on many records, and what became of each. */

import { h } from "../core/dom.js";
import { Refused, call } from "../core/api.js";
import { count } from "../core/format.js";
import { dialog } from "./dialog.js";
import { notify } from "./notices.js";

/**
 * Do `action` to `rows`; says how many it was done to, and why not to the others.
 *
 * @param {string} noun of the API: `jobs`, `data`
 * @param {string} done what is said of those that it was done to, such as "started"
 * @throws {Refused} it was one, and could not be done
 */
export async function batch(noun, action, rows, done, more = {}) {
  const { responses } = await call("POST", `/${noun}/batch`, { json: { action, ids: rows.map(({ id }) => id), ...more } });
  const refused = rows.length === 1 && responses[rows[0].id]?.error;
  if (refused) throw new Refused(refused.code, refused.message);
  tellOutcomes(
    rows.map((row) => ({ name: row.name ?? row.id, error: responses[row.id]?.error?.message })),
    done,
  );
}

/**
 * Tell what became of many: a notice where all is well, else a list of what was not done.
 *
 * @param {Array<{name: string, error?: string}>} outcomes
 */
export function tellOutcomes(outcomes, done) {
  const failed = outcomes.filter(({ error }) => error);
  const well = outcomes.length - failed.length;
  if (failed.length === 0) {
    notify(`${well === 1 ? outcomes[0].name : count(well)} ${done}`);
    return;
  }
  dialog(`${count(well)} ${done}, ${count(failed.length)} not`, (close) => [
    h(
      "ul.outcomes",
      {},
      failed.map(({ name, error }) => h("li", {}, h("strong", {}, name), h("p", {}, error))),
    ),
    h("footer", {}, h("button.primary", { type: "button", autofocus: true, onclick: () => close() }, "Close")),
  ]);
}
