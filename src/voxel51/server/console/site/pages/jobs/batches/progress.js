/** Progress of a batch: its state, a bar, and the number of items in each state. */

import { h } from "../../../core/dom.js";
import { count } from "../../../core/format.js";
import { progressBar } from "../../../parts/elements.js";

const STATES = { RUNNING: ["running", "busy"], PAUSED: ["paused", ""], ENDED: ["ended", "good"], CANCELLED: ["cancelled", "bad"] };
export const COUNTED = ["complete", "reused", "failed", "cancelled", "active", "waiting"];

/** Whether items of a batch may still change. */
export const isOpen = ({ state }) => state === "RUNNING" || state === "PAUSED";

/** The state of a batch as a badge; an ended batch with failures is not a good one. */
export function stateOf({ state, counts }) {
  const [text, kind] = STATES[state] ?? [state.toLowerCase(), ""];
  return h("span.state", { class: state === "ENDED" && counts.failed ? "bad" : kind }, text);
}

/** A bar, and the numbers that are not zero. */
export function batchProgress({ counts, items }) {
  const ended = counts.complete + counts.reused + counts.failed + counts.cancelled;
  const numbers = COUNTED.filter((name) => counts[name]).map((name) => `${count(counts[name])} ${name}`);
  return [progressBar(items ? ended / items : 0, "Items that have ended"), " ", h("span.muted", {}, numbers.join(", "))];
}
