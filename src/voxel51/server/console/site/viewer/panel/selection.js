/** Details of the selected track or event, and the list of everything in the current frame. */

import { h } from "../../core/dom.js";
import { count, percent } from "../../core/format.js";
import { button } from "../../parts/form.js";
import { facts } from "../../parts/elements.js";
import { preciseClock } from "../stage/controls.js";

const MAX_BOXES = 100;

/** A card with the selected track or event, if there is one. */
export function selectedCard(view, player, actions) {
  return () => {
    const selection = view.selected.value;
    if (!selection || selection.track >= view.labels.tracks.length) return null; // a job that began again has other tracks
    const { title, colour, first, last, pairs } = selection.event ? ofEvent(view, selection.event) : ofTrack(view, player, selection.track);
    return h(
      "section.selected",
      { "aria-label": "Selected" },
      h("header", {}, h("span.swatch", { style: { background: colour } }), h("h2", {}, title), button("Clear selection", () => (view.selected.value = null), { symbol: "close", kind: "plain", isIconOnly: true })),
      facts(pairs),
      h(
        "div.actions",
        {},
        button("First frame", () => actions.go(first)),
        button("Last frame", () => actions.go(last)),
        button("Loop", async () => {
          actions.setRange(first, last);
          actions.go(first);
          await player.play();
        }),
      ),
    );
  };
}

function ofTrack(view, player, track) {
  const { labels, index } = view;
  const { first, last, count: frames, confidence } = labels.tracks[track];
  const here = labels.boxesIn(player.shown.value);
  const box = labels.boxesOfTrack(track).find((id) => id >= here[0] && id < here[1]);
  const now = box === undefined ? "not present" : [confidenceText(labels.boxes.confidence[box]), labels.texts[labels.boxes.text[box]]].filter(Boolean).join(" · ") || "present";
  return {
    title: labels.titleOfTrack(track),
    colour: view.colourOfTrack(track),
    first,
    last,
    pairs: [...interval(index, first, last), ["Boxes", count(frames)], ["Max. confidence", confidenceText(confidence)], ["This frame", now]],
  };
}

function ofEvent({ labels, index, colourOfLabel }, event) {
  const [first, last] = [event.ranges[0][0], event.ranges.at(-1)[1]];
  return {
    title: labels.titleOfEvent(event),
    colour: colourOfLabel(event.label),
    first,
    last,
    pairs: [...interval(index, first, last), ["Segments", event.ranges.length > 1 ? count(event.ranges.length) : ""], ["Confidence", confidenceText(event.confidence)], ["Attributes", event.text]],
  };
}

/** The list of boxes and events in the current frame. */
export function frameList(view, player) {
  return () => {
    const { labels } = view;
    const frame = player.shown.value;
    const isShown = view.isShown.value;
    const [from, to] = labels.boxesIn(frame);
    const ids = Array.from({ length: Math.min(to - from, MAX_BOXES) }, (_, position) => from + position).filter(isShown);
    const events = labels.eventsAt(frame).filter(({ label }) => !view.hidden.value.has(label));
    const attributes = labels.textAt(frame);
    if (!ids.length && !events.length && !attributes) return h("p.muted", {}, "No labels in this frame");
    return [
      attributes && h("p", {}, attributes),
      h("ul.frame-list", {}, events.map((event) => item(view.colourOfLabel(event.label), labels.titleOfEvent(event), [confidenceText(event.confidence), event.text], { event }, view)), ids.map((id) => boxItem(view, id))),
      to - from > MAX_BOXES && h("p.muted", {}, `and ${count(to - from - MAX_BOXES)} more`),
    ];
  };
}

function boxItem(view, id) {
  const { labels } = view;
  const track = labels.boxes.track[id];
  const title = track >= 0 ? labels.titleOfTrack(track) : labels.nameOf(labels.boxes.label[id]);
  return item(view.colourOfBox(id), title, [confidenceText(labels.boxes.confidence[id]), labels.texts[labels.boxes.text[id]]], track >= 0 ? { track } : null, view);
}

function item(colour, title, details, selection, view) {
  const face = [h("span.swatch", { style: { background: colour } }), h("span.row-text", {}, h("span.row-title", {}, title), h("span.muted", {}, details.filter(Boolean).join(" · ")))];
  return h("li", {}, selection ? h("button.plain", { type: "button", onclick: () => (view.selected.value = selection) }, face) : h("div.row-face", {}, face));
}

const confidenceText = (confidence) => (Number.isNaN(confidence) ? "" : percent(confidence));

function interval(index, first, last) {
  return [
    ["Frames", `${count(first)}–${count(last)}`],
    ["Time", `${preciseClock(index.timeOf(first))}–${preciseClock(index.timeOf(last))}`],
  ];
}
