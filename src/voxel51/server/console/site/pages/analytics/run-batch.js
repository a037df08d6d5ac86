/** Runs on several videos: the estimate of a batch, and its creation. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { computed, effect, onEnd, signal } from "../../core/reactive.js";
import { count, duration, size } from "../../core/format.js";
import { navigate } from "../../core/router.js";
import { errorText } from "../../parts/notices.js";
import { facts } from "../../parts/elements.js";

const TYPING_MILLISECONDS = 500;

/** The body of the request for a batch: the job request of one video, for all chosen ones. */
export function batchOf({ inputs, ...request }, input, chosen, name) {
  return { ...request, input, selection: { data_ids: chosen.map(({ id }) => id) }, ...(name && { name }) };
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
  let timer = null;
  let aborted = null;
  const stop = () => {
    clearTimeout(timer);
    aborted?.abort();
  };
  effect(() => {
    stop();
    if (!text.value) return;
    const [mine, json] = [new AbortController(), JSON.parse(text.value)];
    aborted = mine;
    timer = setTimeout(async () => {
      try {
        found.value = { estimate: await call("POST", "/batches/estimate", { json, signal: mine.signal }) };
      } catch (error) {
        if (!mine.signal.aborted) found.value = { error };
      }
    }, TYPING_MILLISECONDS);
  });
  onEnd(stop);
  return h("section.card.estimate", { hidden: () => !text.value, "aria-label": "Estimate" }, h("h2", {}, "Estimate"), () => shown(found.value));
}

function shown(found) {
  if (!found) return h("p.muted", { role: "status" }, "Estimating…");
  if (found.error) return h("p.muted", {}, errorText(found.error));
  const { estimate } = found;
  const isPart = estimate.measured_videos < estimate.videos;
  return facts([
    ["Videos", count(estimate.videos)],
    ["Size", size(estimate.bytes)],
    ["Length", estimate.seconds !== null && `${isPart ? "about " : ""}${duration(estimate.seconds)}, ${count(estimate.frames)} frames`],
    ["Computed already", estimate.reusable > 0 && `${count(estimate.reusable)}, which are reused`],
    ["Processing time", estimate.processing_seconds === null ? "not known yet" : `about ${duration(estimate.processing_seconds)}`],
  ]);
}
