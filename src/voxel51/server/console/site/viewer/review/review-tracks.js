/** The list of the tracks of a review, with the state of each. */

import { h } from "../../core/dom.js";
import { computed, signal } from "../../core/reactive.js";
import { count } from "../../core/format.js";
import { select } from "../../parts/form.js";
import { colourOf } from "../model/colours.js";
import { virtualList } from "../panel/virtual-list.js";

const FILTERS = [
  ["all", "All tracks"],
  ["undecided", "Undecided"],
  ["accepted", "Accepted"],
  ["rejected", "Rejected"],
];

const stateOf = ({ isAccepted, isRejected }) => (isRejected ? "rejected" : isAccepted ? "accepted" : "undecided");

/**
 * @param session of `reviewSession`
 * @param {{value: number|null}} current a signal of the number of the selected track
 * @param {(number: number) => void} choose
 */
export function reviewTracks(session, current, choose) {
  const filter = signal("all");
  const text = signal("");
  const entries = computed(() => [...session.tracks.value].map(([number, track]) => entryOf(number, track)).sort((a, b) => a.first - b.first || a.number - b.number));
  const shown = computed(() => entries.value.filter(({ state, title }) => (filter.value === "all" || state === filter.value) && title.toLowerCase().includes(text.value)));
  return h(
    "div.track-list.review-tracks",
    {},
    h("p.review-counts", { role: "status" }, () => summary(entries.value)),
    h(
      "div.track-tools",
      {},
      h("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter tracks", oninput: (event) => (text.value = event.target.value.trim().toLowerCase()) }),
      select(FILTERS, { "aria-label": "Show", onchange: (event) => (filter.value = event.target.value) }),
    ),
    () => shown.value.length === 0 && h("p.muted", {}, entries.value.length ? "No results" : "The labels have no tracks. Draw boxes to add some."),
    virtualList("Tracks", () => shown.value, face, { isChosen: ({ number }) => current.value === number, press: ({ number }) => choose(number) }),
  );
}

function entryOf(number, track) {
  const frames = [...track.boxes.keys()];
  const [first, last] = frames.reduce(([low, high], frame) => [Math.min(low, frame), Math.max(high, frame)], [Infinity, 0]);
  return { number, title: `${track.label || "object"} ${number}`, first, last, boxCount: frames.length, state: stateOf(track) };
}

function summary(entries) {
  const number = (state) => count(entries.filter((each) => each.state === state).length);
  return `${number("undecided")} undecided, ${number("accepted")} accepted, ${number("rejected")} rejected`;
}

function face({ number, title, first, last, boxCount, state }) {
  return [
    h("span.swatch", { style: { background: colourOf(number) } }),
    h("span.row-text", {}, h("span.row-title", {}, title), h("span.muted", {}, `${first === last ? `frame ${count(first)}` : `frames ${count(first)}–${count(last)}`} · ${count(boxCount)} ${boxCount === 1 ? "box" : "boxes"}`)),
    h("span.review-state", { "data-state": state }, state),
  ];
}
