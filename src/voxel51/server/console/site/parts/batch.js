/** Batch actions: one action on many records, and a report of those that failed. */

import { h } from "../core/dom.js";
import { ApiError, call } from "../core/api.js";
import { count } from "../core/format.js";
import { dialog } from "./dialog.js";
import { notify } from "./notices.js";

/**
 * Apply `action` to `rows`, and report the outcome.
 *
 * @param {string} noun of the API: `jobs`, `data`
 * @param {string} done the participle for the report, such as "started"
 * @throws {ApiError} if there is one row only and the action failed
 */
export async function batch(noun, action, rows, done, more = {}) {
  const { responses } = await call("POST", `/${noun}/batch`, { json: { action, ids: rows.map(({ id }) => id), ...more } });
  const error = rows.length === 1 && responses[rows[0].id]?.error;
  if (error) throw new ApiError(error.code, error.message);
  showOutcomes(
    rows.map((row) => ({ name: row.name ?? row.id, error: responses[row.id]?.error?.message })),
    done,
  );
}

/**
 * Report the outcomes of a batch: a notice if all succeeded, else a dialog that lists the failures.
 *
 * @param {Array<{name: string, error?: string}>} outcomes
 */
export function showOutcomes(outcomes, done) {
  const failed = outcomes.filter(({ error }) => error);
  const succeeded = outcomes.length - failed.length;
  if (failed.length === 0) {
    notify(`${succeeded === 1 ? outcomes[0].name : count(succeeded)} ${done}`);
    return;
  }
  dialog(`${count(succeeded)} ${done}, ${count(failed.length)} failed`, (close) => [
    h(
      "ul.outcomes",
      {},
      failed.map(({ name, error }) => h("li", {}, h("strong", {}, name), h("p", {}, error))),
    ),
    h("footer", {}, h("button.primary", { type: "button", autofocus: true, onclick: () => close() }, "Close")),
  ]);
}
