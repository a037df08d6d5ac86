/** The parts of a split job: their frames, states and progress; or the reason why it runs as a whole. */

import { h } from "../../core/dom.js";
import { computed, every } from "../../core/reactive.js";
import { count } from "../../core/format.js";
import { progressBar, stateBadge } from "../../parts/elements.js";
import { isActive } from "./states.js";

const POLL_MILLISECONDS = 2000; // there are no events of parts

/** A card with the parts of the job that `live` follows. */
export function partsCard({ job, refresh }) {
  every(POLL_MILLISECONDS, () => isActive(job.peek()) && refresh().catch(() => {})); // what follows the job reports failures
  const text = computed(() => JSON.stringify(job.value.split)); // compared as text: most of the record does not change it
  return h("section.card", { "aria-label": "Parts" }, h("h2", {}, "Parts"), () => content(JSON.parse(text.value ?? "null")));
}

function content(split) {
  if (split?.reason) return h("p.muted", {}, `The job runs as a whole: ${split.reason}.`);
  if (!split?.parts.length) return h("p.muted", {}, "The parts appear here once the frames of the video are known.");
  const head = ["Part", "Frames", "State", "Progress"].map((title) => h("th", { scope: "col" }, title));
  const table = h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, split.parts.map(row)));
  return h("div.scrolled", { tabindex: 0, role: "region", "aria-label": "States of the parts" }, table);
}

function row({ number, first_frame: first, last_frame: last, state, progress }) {
  const fraction = state === "COMPLETE" ? 1 : (progress?.fraction ?? (state === "RUNNING" ? null : 0));
  return h("tr", {}, h("td", {}, count(number)), h("td", {}, `${count(first)} to ${count(last)}`), h("td", {}, stateBadge(state)), h("td", {}, state !== "FAILED" && progressBar(fraction, `Progress of part ${number}`)));
}
