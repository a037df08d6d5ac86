/** The choice of an analytic with its parameters, for what runs it later: rules and schedules. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { effect, signal } from "../../core/reactive.js";
import { field, select } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { ordered } from "./card.js";
import { parameterField } from "./parameters.js";
import { showErrorAtField, showProblems } from "./submit-job.js";

/** The analytics that can run, in the order of the catalogue. */
export async function runnableAnalytics(options) {
  const { analytics } = await get("/analytics", { sort: "name:asc" }, options);
  return ordered(analytics).filter(({ unavailable_reason: reason }) => !reason);
}

/**
 * Fields for an analytic and its parameters: their nodes, and `send(request)`, which calls `request` with the chosen
 * analytic and parameters and returns whether that succeeded. Problems are shown at the fields.
 */
export function analyticChoice(analytics) {
  const chosen = signal(analytics[0].id);
  let fields = [];
  const parameters = () =>
    loaded(
      (aborted) => get(`/analytics/${encodeURIComponent(chosen.value)}`, {}, { signal: aborted }),
      (document) => {
        const ranges = document.extensions?.parameters ?? {};
        fields = document.parameters.map((parameter) => parameterField(parameter, ranges[parameter.name] ?? {}, undefined, () => undefined));
        return fields.length > 0 && h("details", {}, h("summary", {}, "Parameters"), h("div.pairs", {}, fields.map(({ node }) => node)));
      },
    );
  effect(() => chosen.value && (fields = []));
  const send = async (request) => {
    if (!showProblems(fields)) return false;
    const given = fields.filter(({ value }) => value.value !== undefined).map(({ name, value }) => [name, value.value]);
    try {
      await request({ analytic: analytics.find(({ id }) => id === chosen.peek()).name, parameters: Object.fromEntries(given) });
    } catch (error) {
      if (!showErrorAtField(error, fields)) throw error;
      return false;
    }
    return true;
  };
  return {
    analytic: field("Analytic", select(analytics.map(({ id, name }) => [id, name]), { value: chosen.peek(), onchange: ({ target }) => (chosen.value = target.value) })),
    parameters,
    send,
  };
}
