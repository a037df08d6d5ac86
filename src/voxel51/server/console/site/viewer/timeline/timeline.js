/**
 * The timeline: a lane for each track and event. It is for the eye and the pointer; the list of what was found says the same
 * by buttons.
 */

import { h } from "../../core/dom.js";
import { computed, effect, onEnd, signal } from "../../core/reactive.js";
import { button } from "../../parts/form.js";
import { MOST_UNFOLDED, lanesOf } from "../model/lanes.js";
import { rangeButtons } from "../stage/controls.js";
import { ROW, RULER, drawLanes } from "./draw-lanes.js";
import { pointing } from "./pointing.js";
import { timeScale } from "./scale.js";
import { hoverTip } from "./tip.js";

const TALLEST = 14; // lanes in sight

/**
 * @param view of `viewOf`, with labels
 * @param {string|null} dataId of the video, for small pictures of its frames
 * @returns {{node, zoom: (factor: number) => void}}
 */
export function timeline(view, player, actions, dataId) {
  const { index, labels } = view;
  const scale = timeScale(index.count);
  const folded = signal(new Set(labels.usedLabels.filter(({ trackCount }) => trackCount > MOST_UNFOLDED).map(({ label }) => label)));
  const lanes = computed(() => lanesOf(labels, (label) => folded.value.has(label), view.hidden.value));
  const canvas = h("canvas", { "aria-hidden": "true" });
  const space = h("div.lanes-space");
  const scroller = h("div.lanes", { tabindex: "0", role: "group", "aria-label": "Lanes of tracks and events; the list beside says the same" }, canvas, space);
  const head = h("div.playhead", { "aria-hidden": "true" });
  const part = h("div.played-part", { "aria-hidden": "true" });
  const tip = hoverTip(index, dataId);
  const board = h("div.board", {}, scroller, part, head, tip.node);
  const width = signal(0);
  const gutter = () => (width.value < 520 ? 84 : 132);
  const zoom = (factor) => scale.zoom(factor, player.aim.peek() + 0.5);

  effect(() => {
    const rows = Math.min(TALLEST, Math.max(1, lanes.value.length));
    space.style.height = `${RULER + lanes.value.length * ROW}px`;
    scroller.style.height = `${RULER + rows * ROW + 2}px`;
    draw();
  });
  effect(() => {
    width.value;
    scale.part.value;
    view.selected.value;
    view.looks.colours.value;
    draw();
  });
  effect(() => {
    const frame = player.aim.value;
    if (player.isPlaying.value) scale.follow(frame);
    place(head, frame, frame + 1);
  });
  effect(() => {
    part.hidden = !player.range.value;
    if (player.range.value) place(part, player.range.value[0], player.range.value[1] + 1);
  });

  const sized = new ResizeObserver(() => (width.value = scroller.clientWidth));
  sized.observe(scroller);
  onEnd(() => sized.disconnect());
  scroller.addEventListener("scroll", draw, { passive: true });
  pointing({ scroller, scale, gutter, lanes, folded, view, actions, tip });

  function place(element, from, to) {
    const across = width.value - gutter();
    const [left, right] = [scale.shareOf(from), scale.shareOf(to)].map((share) => Math.min(1, Math.max(0, share)) * across);
    element.style.left = `${gutter() + left}px`;
    element.style.width = `${Math.max(2, right - left)}px`;
    element.classList.toggle("away", right <= 0 || left >= across);
  }

  function draw() {
    const sharp = devicePixelRatio || 1;
    const [wide, high] = [scroller.clientWidth, scroller.clientHeight];
    if (!wide) return;
    Object.assign(canvas, { width: Math.round(wide * sharp), height: Math.round(high * sharp) });
    Object.assign(canvas.style, { width: `${wide}px`, height: `${high}px` });
    const pen = canvas.getContext("2d");
    pen.scale(sharp, sharp);
    const place = { width: wide, height: high, gutter: gutter(), top: scroller.scrollTop, colour: getComputedStyle(scroller).color };
    const colourOf = (lane) => (lane.kind === "track" ? view.colourOfTrack(lane.track) : view.colourOfLabel(lane.label));
    drawLanes(pen, place, scale, lanes.peek(), colourOf, view.selected.peek());
  }

  const node = h(
    "section.timeline",
    { "aria-label": "Timeline" },
    h(
      "div.timeline-tools",
      { role: "toolbar", "aria-label": "Timeline" },
      button("Show more of it", () => zoom(0.5), { symbol: "zoomOut", kind: "plain", isIconOnly: true }),
      button("Show less of it", () => zoom(2), { symbol: "zoomIn", kind: "plain", isIconOnly: true }),
      button("Show the whole", () => zoom(0), { symbol: "fit", kind: "plain", isIconOnly: true }),
      rangeButtons(player, actions),
      h("span.soft", {}, () => (scale.part.value[0] === 1 && scale.part.value[1] === index.count + 1 ? "Drag to move, Ctrl and the wheel to zoom, Shift and drag to choose a part" : "Shift and the wheel moves along")),
    ),
    board,
  );
  return { node, zoom };
}
