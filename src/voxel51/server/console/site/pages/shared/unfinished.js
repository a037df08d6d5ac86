/** A shared job that is not complete: its state, and the labels that it has found so far. */

import { get, pause, save } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { computed, onEnd } from "../../core/reactive.js";
import { button } from "../../parts/form.js";
import { attempt, showError } from "../../parts/notices.js";
import { isActive } from "../jobs/states.js";
import { partialLabels, partialLabelsFile } from "../../viewer/loading/partial-labels.js";

const POLL_MILLISECONDS = 3000;
const MOST_LABELS = 12;

const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

/**
 * @param {string} path of the share link
 * @param job a signal of the record of the job, which is fetched again until the job has ended
 */
export function unfinished(path, job) {
  const partial = partialLabels(`${path}/partial`);
  const abort = new AbortController();
  onEnd(() => abort.abort());
  follow(path, job, partial, abort.signal).catch((error) => {
    if (error.name !== "AbortError") showError(error); // otherwise the page was left
  });
  const isRunning = computed(() => isActive(job.value));
  const text = () => (isRunning.value ? "The job is not complete yet. This page follows it." : "The job ended before it was complete.");
  return [h("p.below.muted", { role: "status" }, text), () => partial.hasAny() && found(path, job, partial.labels.value, isRunning)];
}

async function follow(path, job, partial, signal) {
  for (;;) {
    await partial.refresh();
    if (!isActive(job.peek())) return;
    await pause(POLL_MILLISECONDS, signal);
    job.value = (await get(path, {}, { signal })).job;
  }
}

/** Numbers of what was found, and the labels as a file once there will be no more. */
function found(path, job, labels, isRunning) {
  const work = () => attempt(async () => save(await partialLabelsFile(`${path}/partial`), `${job.peek().name}.partial.json`, "application/json"));
  const lines = [labels.tracks.length && counted(labels.tracks.length, "object", "objects"), labels.events.length && counted(labels.events.length, "event", "events")].filter(Boolean);
  return [
    h("p.partial-mark", {}, h("span.badge.busy", {}, "Partial result"), h("span", {}, `Found so far: ${lines.join(", ") || counted(labels.boxCount, "box", "boxes")}`)),
    h("p.tags", {}, labels.usedLabels.slice(0, MOST_LABELS).map((label) => h("span.tag", {}, labels.nameOf(label)))),
    () => !isRunning.value && h("p.below", {}, button("Download partial result", work, { symbol: "download" })),
  ];
}
