/** The viewer of a comparison: one video, shown with the labels of both jobs side by side or overlaid, always on the same frame. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { effect, signal } from "../../core/reactive.js";
import { lines } from "../../parts/chart.js";
import { button } from "../../parts/form.js";
import { notify } from "../../parts/notices.js";
import { downsampleMax } from "../model/labels.js";
import { clockPlayer } from "../player/clock-player.js";
import { videoPlayer } from "../player/video-player.js";
import { viewerActions } from "../stage/actions.js";
import { keepFrameInUrl } from "../stage/announce.js";
import { controls } from "../stage/controls.js";
import { listenToKeys } from "../stage/keyboard.js";
import { screen } from "../stage/screen.js";
import { KIND_COLOURS, drawDifferences, titleOf } from "./draw-differences.js";
import { differencesOf } from "./differences.js";

const MAX_POINTS = 600;
const MOST_LISTED = 30;
const KINDS = { removed: "Removed", added: "Added", changed: "Changed label" };
const LAYOUT_KEY = "layout of comparisons";

/**
 * @param {object} content `labels` (of both jobs), `names` (of both jobs), `comparison` (the document of the rendition), `index`,
 *   `video` (its address, or null), `filename`, `start` (the frame to start at)
 */
export function comparisonViewer({ labels, names, comparison, index, video: source, filename, start }) {
  const differences = differencesOf(comparison.differences);
  const layout = signal(localStorage.getItem(LAYOUT_KEY) === "overlaid" ? "overlaid" : "beside");
  const isOverlaid = () => layout.peek() === "overlaid";
  const view = { index, labels: null };
  const video = source && h("video", { src: source, preload: "auto", playsinline: true, muted: true, tabindex: "-1", "aria-hidden": "true" });
  // Overlaid, the first screen shows the differing boxes of both sides.
  const differing = (side, frame) => (isOverlaid() ? [0, 1].flatMap((each) => differences.boxesIn(each, frame)) : differences.boxesIn(side, frame));
  const screens = [0, 1].map((side) => screen(view, side ? null : video, (pen, frame, area) => drawDifferences(pen, labels[side], differing(side, frame), frame, area)));
  // Each decoded picture is drawn on both screens in the same step, so they cannot show different frames.
  const show = (number, picture) => screens.forEach((each) => each.show(number, picture));
  const player = video ? videoPlayer(video, index, show) : clockPlayer(index, show);
  const actions = { ...viewerActions(view, player, screens[0], { stage: () => stage, filename }), find };
  for (const each of screens) each.onPress = actions.toggle;

  function find(step) {
    const found = differences.next(player.aim.peek(), step);
    if (found === null) notify(step > 0 ? "No difference begins after this frame" : "No difference begins before this frame");
    else actions.go(found);
  }

  const choose = (name) => {
    layout.value = name;
    localStorage.setItem(LAYOUT_KEY, name);
    for (const each of screens) each.redraw();
  };
  const choice = (name, title) => h("button", { type: "button", "aria-pressed": () => String(layout.value === name), onclick: () => choose(name) }, title);
  const pane = (side) =>
    h("figure.pane", { hidden: () => side === 1 && layout.value === "overlaid" }, h("figcaption", {}, () => (layout.value === "overlaid" ? "Both" : `${side ? "Second" : "First"}: ${names[side]}`)), h("div.picture-frame", {}, screens[side].node));
  const stage = h(
    "div.stage",
    {},
    h("div.panes", { "data-layout": () => layout.value }, pane(0), pane(1)),
    controls(view, player, actions, { video, hasSound: () => false }),
    h(
      "div.difference-tools",
      { role: "toolbar", "aria-label": "Differences" },
      button("Previous difference", () => find(-1), { symbol: "back", title: "Previous difference (P)" }),
      button("Next difference", () => find(1), { symbol: "play", title: "Next difference (N)" }),
      h("span", { role: "status" }, () => position(differences, player.aim.value)),
      h("span.grow"),
      h("div.choices", { role: "group", "aria-label": "Layout" }, choice("beside", "Side by side"), choice("overlaid", "Overlaid")),
    ),
  );
  player.seek(start);
  keepFrameInUrl(player, start);
  const node = h(
    "section.viewer.bare.comparison",
    { "aria-label": "Comparison" },
    stage,
    h("div.below", {}, differences.frames.length > 0 && plot(differences, index, player, actions), () => inFrame(differences, player.shown.value)),
  );
  listenToKeys(actions, node);
  return node;
}

function position({ frames, starts, positionOf }, frame) {
  if (frames.length === 0) return "No box differs";
  const at = positionOf(frame);
  const total = `in ${count(frames.length)} ${frames.length === 1 ? "frame" : "frames"}`;
  return at ? `Difference ${count(at)} of ${count(starts.length)}, ${total}` : `${count(starts.length)} ${starts.length === 1 ? "difference" : "differences"} ${total}`;
}

/** Differing boxes over the frames. A click goes to the nearest frame with a difference. */
function plot(differences, index, player, actions) {
  const last = index.count;
  const kinds = Object.entries(KINDS).filter(([kind]) => differences[kind].some(Boolean));
  const series = kinds.map(([kind, name]) => {
    const values = new Uint32Array(last);
    differences.frames.forEach((frame, at) => frame <= last && (values[frame - 1] = differences[kind][at]));
    return { name, values: downsampleMax(values, MAX_POINTS), color: KIND_COLOURS[kind] };
  });
  const go = (share) => {
    actions.go(differences.nearest(Math.round(1 + share * (last - 1))));
  };
  return h("div.plot", {}, lines("Differing boxes by frame", series, ["1", count(last)], count, go), legend(kinds));
}

const legend = (kinds) => h("ul.legend", {}, kinds.map(([kind, name]) => h("li", {}, h("span.swatch", { style: { background: KIND_COLOURS[kind] } }), name)));

/** The differences in the shown frame, as a list. */
function inFrame(differences, frame) {
  const found = [0, 1].flatMap((side) => differences.boxesIn(side, frame));
  if (found.length === 0) return h("p.muted", {}, differences.isComplete || !differences.hasDifference(frame) ? "No box differs in this frame." : "Boxes differ in this frame, but this comparison has more differing boxes than can be listed.");
  const rest = found.length - MOST_LISTED;
  return [
    h("h2", {}, `Differences in frame ${count(frame)}`),
    h("ul.difference-list", {}, found.slice(0, MOST_LISTED).map((box) => h("li", {}, h("span.swatch", { style: { background: KIND_COLOURS[box.kind] } }), titleOf(box)))),
    rest > 0 && h("p.muted", {}, `and ${count(rest)} more`),
  ];
}
