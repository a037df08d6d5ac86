/** The timeline: a lane for each track and event, drawn on a canvas. The track list is its accessible alternative. */

import { h } from "../../core/dom.js";
import { computed, effect, onEnd, signal, untracked } from "../../core/reactive.js";
import { button } from "../../parts/form.js";
import { MAX_EXPANDED_TRACKS, lanesOf } from "../model/lanes.js";
import { rangeButtons } from "../stage/controls.js";
import { ROW, RULER, drawLanes } from "./draw-lanes.js";
import { listenToPointer } from "./pointer-input.js";
import { timeScale } from "./scale.js";
import { hoverTip } from "./tip.js";

const MAX_VISIBLE_LANES = 14;

/**
 * @param view of `viewState`, with labels
 * @param {string|null} dataId of the video, for thumbnails of its frames
 * @returns {{node, zoom: (factor: number) => void}}
 */
export function timeline(view, player, actions, dataId) {
  const { index } = view;
  const scale = timeScale(index.count);
  const folded = signal(new Set(untracked(() => view.labels).usedLabels.filter(({ trackCount }) => trackCount > MAX_EXPANDED_TRACKS).map(({ label }) => label)));
  const lanes = computed(() => lanesOf(view.labels, (label) => folded.value.has(label), view.hidden.value));
  const canvas = h("canvas", { "aria-hidden": "true" });
  const space = h("div.lanes-space");
  const scroller = h("div.lanes", { tabindex: "0", role: "group", "aria-label": "Lanes of tracks and events; the tab Tracks and events lists the same" }, canvas, space);
  const head = h("div.playhead", { "aria-hidden": "true" });
  const loop = h("div.loop-range", { "aria-hidden": "true" });
  const tip = hoverTip(index, dataId);
  const board = h("div.board", {}, scroller, loop, head, tip.node);
  const width = signal(0);
  const gutter = () => (width.value < 520 ? 84 : 132);
  const zoom = (factor) => scale.zoom(factor, player.aim.peek() + 0.5);

  effect(() => {
    const rows = Math.min(MAX_VISIBLE_LANES, Math.max(1, lanes.value.length));
    space.style.height = `${RULER + lanes.value.length * ROW}px`;
    scroller.style.height = `${RULER + rows * ROW + 2}px`;
    draw();
  });
  effect(() => {
    width.value;
    scale.part.value;
    view.selected.value;
    view.display.colours.value;
    draw();
  });
  effect(() => {
    const frame = player.aim.value;
    if (player.isPlaying.value) scale.follow(frame);
    place(head, frame, frame + 1);
  });
  effect(() => {
    loop.hidden = !player.range.value;
    if (player.range.value) place(loop, player.range.value[0], player.range.value[1] + 1);
  });

  const sized = new ResizeObserver(() => (width.value = scroller.clientWidth));
  sized.observe(scroller);
  onEnd(() => sized.disconnect());
  scroller.addEventListener("scroll", draw, { passive: true });
  listenToPointer({ scroller, scale, gutter, lanes, folded, view, actions, tip });

  function place(element, from, to) {
    const across = width.value - gutter();
    const [left, right] = [scale.shareOf(from), scale.shareOf(to)].map((share) => Math.min(1, Math.max(0, share)) * across);
    element.style.left = `${gutter() + left}px`;
    element.style.width = `${Math.max(2, right - left)}px`;
    element.classList.toggle("outside", right <= 0 || left >= across);
  }

  function draw() {
    const ratio = devicePixelRatio || 1; // canvas pixels per CSS pixel, for sharp lines on dense displays
    const [wide, high] = [scroller.clientWidth, scroller.clientHeight];
    if (!wide) return;
    Object.assign(canvas, { width: Math.round(wide * ratio), height: Math.round(high * ratio) });
    Object.assign(canvas.style, { width: `${wide}px`, height: `${high}px` });
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
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
      button("Zoom out", () => zoom(0.5), { symbol: "zoomOut", kind: "plain", isIconOnly: true }),
      button("Zoom in", () => zoom(2), { symbol: "zoomIn", kind: "plain", isIconOnly: true }),
      button("Fit timeline", () => zoom(0), { symbol: "fit", kind: "plain", isIconOnly: true }),
      rangeButtons(player, actions),
      h("span.muted", {}, () => (scale.part.value[0] === 1 && scale.part.value[1] === index.count + 1 ? "Drag to seek, Ctrl + wheel to zoom, Shift + drag to set a loop" : "Shift + wheel to scroll")),
    ),
    board,
  );
  return { node, zoom };
}
