/** Facts about analytics: what one costs on this platform, and its model with licence and accuracy. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { duration, count } from "../../core/format.js";
import { computed, effect, signal } from "../../core/reactive.js";

const MAX_IDS = 100; // that the platform accepts in one request
export const NOT_MEASURED = "not measured yet";

/**
 * Facts of the analytics with the ids `ids()`, fetched when ids are added.
 *
 * @returns {{value: Map<string, object>}} a signal; facts that cannot be fetched are missing, since a page is usable without
 */
export function factsOf(ids) {
  const facts = signal(new Map());
  const wanted = new Set();
  effect(() => {
    const added = ids().filter((id) => !wanted.has(id));
    for (const id of added) wanted.add(id);
    for (let begin = 0; begin < added.length; begin += MAX_IDS) {
      fetchFacts(added.slice(begin, begin + MAX_IDS)).then(
        (found) => (facts.value = new Map([...facts.peek(), ...found])),
        () => null,
      );
    }
  });
  return facts;
}

/** Facts of one analytic: a signal, null until they are there. */
export function factsOfOne(id) {
  const facts = factsOf(() => [id]);
  return computed(() => facts.value.get(id) ?? null);
}

/** The run time of an analytic in words, such as `4.2 s per minute of video`. */
export const costText = ({ cost }) => (cost ? `${duration(cost.seconds_per_minute)} per minute of video` : NOT_MEASURED);

/** How the run time was measured, for the title of its text. */
export function costOrigin({ cost }) {
  if (!cost) return "Measured on this platform as soon as a job is complete";
  return `Measured on this platform, on the last ${cost.jobs === 1 ? "complete job" : `${count(cost.jobs)} complete jobs`}`;
}

/** The list of facts on a card. The cost is omitted if `showsCost` is false and it is not measured. */
export function factList(facts, showsCost) {
  const { model, cost } = facts;
  const entries = [
    (cost || showsCost) && ["Run time", costText(facts), costOrigin(facts)],
    model && ["Model", `${model.name}, ${model.licence}`],
    model?.accuracy && ["Accuracy", model.accuracy],
  ];
  return h("dl.card-facts", {}, entries.filter(Boolean).map(([name, text, title]) => h("div", { title: title ?? null }, h("dt", {}, name), h("dd", {}, text))));
}

async function fetchFacts(ids) {
  const { responses } = await call("POST", "/analytics/batch", { json: { action: "facts", ids } });
  return ids.filter((id) => responses[id].success).map((id) => [id, responses[id].response]);
}
