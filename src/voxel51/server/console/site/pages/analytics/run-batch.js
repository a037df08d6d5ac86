/** Runs on several videos or with several sets of parameters: the estimate of a batch, and its creation. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { computed, effect, signal } from "../../core/reactive.js";
import { count, duration, size } from "../../core/format.js";
import { navigate } from "../../core/router.js";
import { checkbox, field } from "../../parts/form.js";
import { errorText } from "../../parts/notices.js";
import { facts } from "../../parts/elements.js";

const TYPING_MILLISECONDS = 500;

/** Jobs of a batch that are queued or run at once: by default, and at most. */
const [DEFAULT_RUNNING, MAX_RUNNING] = [20, 200];

/**
 * The body of the request for a batch: the job request of one video, for all of a selection.
 *
 * @param {object} selection of the API: `data_ids` or `query`
 * @param {Array<object>} sets of parameters of a sweep, beside those of the request; empty without a sweep
 * @param {object} more `name` and `scheduling` of the form, and `options` of `batchFields`
 */
export function batchOf({ inputs, split, parameters, ...request }, input, selection, sets, { name, scheduling, options }) {
  const given = sets.length > 1 ? { parameter_sets: sets.map((set) => ({ ...parameters, ...set })) } : { parameters };
  return { ...request, ...given, input, selection, ...(name && { name }), ...(scheduling && { scheduling }), ...options };
}

/**
 * The fields that only a batch has: how many of its jobs run at once, and whether earlier results are computed again.
 *
 * @param {() => boolean} isShown
 * @returns {{name, part, node, options, problem, error, focus}} `options` is a signal of their part of the request; the others are
 *   those of a field
 */
export function batchFields(isShown) {
  const [atOnce, isFresh, error] = [signal(""), signal(false), signal("")];
  const input = h("input", { type: "number", name: "max_running", min: 1, max: MAX_RUNNING, step: 1, placeholder: String(DEFAULT_RUNNING), oninput: ({ target }) => (atOnce.value = target.validity.badInput ? "?" : target.value.trim()) });
  const isValid = (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_RUNNING;
  const problem = computed(() => (isShown() && atOnce.value && !isValid(atOnce.value) ? `Enter a whole number from 1 to ${MAX_RUNNING}.` : ""));
  const options = computed(() => ({ ...(isValid(atOnce.value) && { max_running: Number(atOnce.value) }), ...(isFresh.value && { fresh: true }) }));
  effect(() => {
    atOnce.value;
    error.value = "";
  });
  const node = h(
    "div.batch-fields",
    { hidden: () => !isShown() },
    field("Jobs at once", input, { hint: `Optional. At most so many jobs of the batch are queued or run at the same time; ${DEFAULT_RUNNING} by default.`, error }),
    checkbox("Compute again what is computed already", { name: "fresh", onchange: ({ target }) => (isFresh.value = target.checked) }),
  );
  return { name: "max_running", part: "batch", node, options, problem, error, focus: () => input.focus() };
}

/** Whether a form can run as one batch: several videos that start at once, and nothing else as an input. */
export const isBatch = (chosen, isStarted, ttl, otherInputs) => chosen.length > 1 && isStarted && !ttl && otherInputs.every(({ value }) => !value.value);

/** Create a batch and show its page. */
export async function createBatch(body) {
  const { batch } = await call("POST", "/batches", { json: body });
  navigate(`/jobs/batches/${encodeURIComponent(batch.id)}`);
}

/** A card with the estimate of the batch that `body` describes; hidden while that is null. */
export function estimateCard(body) {
  const text = computed(() => body.value && JSON.stringify(body.value));
  const found = signal(null);
  effect(() => {
    found.value = null; // that of another batch says nothing about this one
    if (!text.value) return undefined;
    const [mine, json] = [new AbortController(), JSON.parse(text.value)];
    const timer = setTimeout(async () => {
      const outcome = await call("POST", "/batches/estimate", { json, signal: mine.signal }).then((estimate) => ({ estimate }), (error) => ({ error }));
      if (!mine.signal.aborted) found.value = outcome;
    }, TYPING_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      mine.abort();
    };
  });
  return h("section.card.estimate", { hidden: () => !text.value, "aria-label": "Estimate" }, h("h2", {}, "Estimate"), () => shown(found.value));
}

function shown(found) {
  if (!found) return h("p.muted", { role: "status" }, "Estimating…");
  if (found.error) return h("p.muted", {}, errorText(found.error));
  const { estimate } = found;
  const isPart = estimate.measured_videos < estimate.videos;
  return facts([
    ["Videos", count(estimate.videos)],
    ["Runs", estimate.items !== estimate.videos && count(estimate.items)],
    ["Size", size(estimate.bytes)],
    ["Length", estimate.seconds !== null && `${isPart ? "about " : ""}${duration(estimate.seconds)}, ${count(estimate.frames)} frames`],
    ["Computed already", estimate.reusable > 0 && `${count(estimate.reusable)}, which are reused`],
    ["Processing time", estimate.processing_seconds === null ? "not known yet" : `about ${duration(estimate.processing_seconds)}`],
  ]);
}
