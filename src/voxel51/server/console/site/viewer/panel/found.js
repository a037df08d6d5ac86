/** The list of tracks and events: what the timeline shows, in words and by buttons. */

import { h } from "../../core/dom.js";
import { computed, signal } from "../../core/reactive.js";
import { count, percent } from "../../core/format.js";
import { select } from "../../parts/form.js";
import { windowed } from "./windowed.js";

const ORDERS = [
  ["first", "by first frame"],
  ["title", "by name"],
  ["frames", "longest first"],
  ["confidence", "surest first"],
];
const COMPARE = {
  first: (a, b) => a.first - b.first,
  title: (a, b) => a.title.localeCompare(b.title, undefined, { numeric: true }),
  frames: (a, b) => b.frames - a.frames,
  confidence: (a, b) => (b.confidence || 0) - (a.confidence || 0),
};

/** @param view of `viewOf` */
export function foundList(view, actions) {
  const entries = entriesOf(view.labels);
  const text = signal("");
  const order = signal("first");
  const found = computed(() => {
    const wanted = text.value.toLowerCase();
    return entries.filter(({ title, label }) => title.toLowerCase().includes(wanted) && !view.hidden.value.has(label)).sort(COMPARE[order.value]);
  });
  const isChosen = ({ selection }) => {
    const { track, event } = view.selected.value ?? {};
    return selection.track === undefined ? selection.event === event && event !== undefined : selection.track === track;
  };
  return h(
    "div.found",
    {},
    h(
      "div.found-tools",
      {},
      h("input", { type: "search", placeholder: "Find by name", "aria-label": "Find tracks and events", oninput: (event) => (text.value = event.target.value.trim()) }),
      select(ORDERS, { "aria-label": "Order", onchange: (event) => (order.value = event.target.value) }),
    ),
    h("p.soft.found-count", { role: "status" }, () => (found.value.length ? `${count(found.value.length)} tracks and events` : emptyText(entries))),
    windowed("Tracks and events", () => found.value, (entry) => face(view, entry), {
      isChosen,
      press: ({ selection, first }) => {
        view.selected.value = selection;
        actions.go(first);
      },
    }),
  );
}

function emptyText(entries) {
  return entries.length ? "Nothing of that name" : "There are no tracks and no events; single boxes stand in their frames.";
}

function entriesOf(labels) {
  const tracks = labels.tracks.map(({ label, first, last, count: frames, confidence }, track) => ({
    title: labels.titleOfTrack(track),
    selection: { track },
    label,
    first,
    last,
    frames,
    confidence,
  }));
  const events = labels.events.map((event) => ({
    title: labels.titleOfEvent(event),
    selection: { event },
    label: event.label,
    first: event.ranges[0][0],
    last: event.ranges.at(-1)[1],
    frames: event.ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    confidence: event.confidence,
    isEvent: true,
  }));
  return [...tracks, ...events];
}

function face(view, { title, selection, label, first, last, confidence, isEvent }) {
  const colour = isEvent ? view.colourOfLabel(label) : view.colourOfTrack(selection.track);
  const sure = Number.isNaN(confidence) ? "" : ` · ${percent(confidence)}`;
  return [
    h("span.swatch", { class: isEvent ? "of-event" : "", style: { background: colour } }),
    h("span.row-text", {}, h("span.row-title", {}, title), h("span.soft", {}, `${first === last ? `frame ${count(first)}` : `frames ${count(first)}–${count(last)}`}${sure}`)),
  ];
}
