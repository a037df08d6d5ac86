/** What is known of the selected track or event, and of the frame that is shown. */

import { h } from "../../core/dom.js";
import { count, percent } from "../../core/format.js";
import { button } from "../../parts/form.js";
import { facts } from "../../parts/show.js";
import { preciseClock } from "../stage/controls.js";

const MOST_BOXES = 100;

/** The selected thing; nothing where there is none. */
export function selectedCard(view, player, actions) {
  return () => {
    const selection = view.selected.value;
    if (!selection) return null;
    const { title, colour, first, last, pairs } = selection.event ? ofEvent(view, selection.event) : ofTrack(view, player, selection.track);
    return h(
      "section.selected",
      { "aria-label": "Selected" },
      h("header", {}, h("span.swatch", { style: { background: colour } }), h("h2", {}, title), button("Select nothing", () => (view.selected.value = null), { symbol: "close", kind: "plain", isIconOnly: true })),
      facts(pairs),
      h(
        "div.actions",
        {},
        button("First frame", () => actions.go(first)),
        button("Last frame", () => actions.go(last)),
        button("Play this part", async () => {
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
  const now = box === undefined ? "not seen" : [sureness(labels.boxes.confidence[box]), labels.texts[labels.boxes.text[box]]].filter(Boolean).join(" · ") || "seen";
  return {
    title: labels.titleOfTrack(track),
    colour: view.colourOfTrack(track),
    first,
    last,
    pairs: [...span(index, first, last), ["Boxes", count(frames)], ["At most sure", sureness(confidence)], ["In this frame", now]],
  };
}

function ofEvent({ labels, index, colourOfLabel }, event) {
  const [first, last] = [event.ranges[0][0], event.ranges.at(-1)[1]];
  return {
    title: labels.titleOfEvent(event),
    colour: colourOfLabel(event.label),
    first,
    last,
    pairs: [...span(index, first, last), ["Parts", event.ranges.length > 1 ? count(event.ranges.length) : ""], ["Confidence", sureness(event.confidence)], ["Attributes", event.text]],
  };
}

/** Everything in the frame that is shown. */
export function frameList(view, player) {
  const { labels } = view;
  return () => {
    const frame = player.shown.value;
    const isShown = view.isShown.value;
    const [from, to] = labels.boxesIn(frame);
    const ids = Array.from({ length: Math.min(to - from, MOST_BOXES) }, (_, position) => from + position).filter(isShown);
    const events = labels.eventsAt(frame).filter(({ label }) => !view.hidden.value.has(label));
    const about = labels.textAt(frame);
    if (!ids.length && !events.length && !about) return h("p.soft", {}, "Nothing is said about this frame.");
    return [
      about && h("p", {}, about),
      h("ul.frame-list", {}, events.map((event) => item(view.colourOfLabel(event.label), labels.titleOfEvent(event), [sureness(event.confidence), event.text], { event }, view)), ids.map((id) => boxItem(view, id))),
      to - from > MOST_BOXES && h("p.soft", {}, `and ${count(to - from - MOST_BOXES)} more`),
    ];
  };
}

function boxItem(view, id) {
  const { labels } = view;
  const track = labels.boxes.track[id];
  const title = track >= 0 ? labels.titleOfTrack(track) : labels.nameOf(labels.boxes.label[id]);
  return item(view.colourOfBox(id), title, [sureness(labels.boxes.confidence[id]), labels.texts[labels.boxes.text[id]]], track >= 0 ? { track } : null, view);
}

function item(colour, title, told, selection, view) {
  const face = [h("span.swatch", { style: { background: colour } }), h("span.row-text", {}, h("span.row-title", {}, title), h("span.soft", {}, told.filter(Boolean).join(" · ")))];
  return h("li", {}, selection ? h("button.plain", { type: "button", onclick: () => (view.selected.value = selection) }, face) : h("div.row-face", {}, face));
}

const sureness = (confidence) => (Number.isNaN(confidence) ? "" : percent(confidence));

function span(index, first, last) {
  return [
    ["Frames", `${count(first)}–${count(last)}`],
    ["Time", `${preciseClock(index.timeOf(first))}–${preciseClock(index.timeOf(last))}`],
  ];
}
