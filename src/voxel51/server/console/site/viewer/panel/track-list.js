/** The list of tracks and events, as an accessible alternative to the timeline. */

import { h } from "../../core/dom.js";
import { computed, signal } from "../../core/reactive.js";
import { count, percent } from "../../core/format.js";
import { select } from "../../parts/form.js";
import { virtualList } from "./virtual-list.js";

const ORDERS = [
  ["first", "First frame"],
  ["title", "Name"],
  ["frames", "Longest"],
  ["confidence", "Most confident"],
];
const COMPARE = {
  first: (a, b) => a.first - b.first,
  title: (a, b) => a.title.localeCompare(b.title, undefined, { numeric: true }),
  frames: (a, b) => b.frames - a.frames,
  confidence: (a, b) => (b.confidence || 0) - (a.confidence || 0),
};

/** @param view of `viewState` */
export function trackList(view, actions) {
  const entries = computed(() => entriesOf(view.labels));
  const text = signal("");
  const order = signal("first");
  const found = computed(() => {
    const wanted = text.value.toLowerCase();
    return entries.value.filter(({ title, label }) => title.toLowerCase().includes(wanted) && !view.hidden.value.has(label)).sort(COMPARE[order.value]);
  });
  const isChosen = ({ selection }) => {
    const { track, event } = view.selected.value ?? {};
    return selection.track === undefined ? selection.event === event && event !== undefined : selection.track === track;
  };
  return h(
    "div.track-list",
    {},
    h(
      "div.track-tools",
      {},
      h("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter tracks and events", oninput: (event) => (text.value = event.target.value.trim()) }),
      select(ORDERS, { "aria-label": "Sort by", onchange: (event) => (order.value = event.target.value) }),
    ),
    h("p.muted.track-count", { role: "status" }, () => (found.value.length ? `${count(found.value.length)} tracks and events` : emptyText(entries.value))),
    virtualList("Tracks and events", () => found.value, (entry) => face(view, entry), {
      isChosen,
      press: ({ selection, first }) => {
        view.selected.value = selection;
        actions.go(first);
      },
    }),
  );
}

function emptyText(entries) {
  return entries.length ? "No results" : "No tracks or events. The boxes of a frame are listed under “This frame”.";
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
  const suffix = Number.isNaN(confidence) ? "" : ` · ${percent(confidence)}`;
  return [
    h("span.swatch", { class: isEvent ? "of-event" : "", style: { background: colour } }),
    h("span.row-text", {}, h("span.row-title", {}, title), h("span.muted", {}, `${first === last ? `frame ${count(first)}` : `frames ${count(first)}–${count(last)}`}${suffix}`)),
  ];
}
