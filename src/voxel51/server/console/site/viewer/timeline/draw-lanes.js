/** Draws the visible lanes and the ruler of a timeline. */

import { count } from "../../core/format.js";
import { firstSegmentAt } from "../model/lanes.js";
import { niceStep } from "./scale.js";

export const RULER = 22;
export const ROW = 18;
const LEAST_WIDTH = 2;

/**
 * @param {CanvasRenderingContext2D} pen scaled to CSS pixels
 * @param {{width, height, gutter, top, colour}} place `gutter` is the width of the titles; `top` the scroll position; `colour`
 *   that of text
 * @param scale of `timeScale`
 * @param {Array} lanes of `lanesOf`
 * @param {(lane) => string} colourOf
 * @param {{track?, event?}|null} selected
 */
export function drawLanes(pen, place, scale, lanes, colourOf, selected) {
  const { width, height, gutter, top } = place;
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  pen.save();
  pen.beginPath();
  pen.rect(0, RULER, width, height - RULER);
  pen.clip();
  const first = Math.floor(top / ROW);
  const last = Math.min(lanes.length, Math.ceil((top + height - RULER) / ROW));
  for (let row = first; row < last; row += 1) drawLane(pen, place, scale, lanes[row], RULER + row * ROW - top, colourOf(lanes[row]), selected);
  pen.restore();
  drawRuler(pen, place, scale);
  pen.clearRect(0, 0, gutter, RULER);
}

function drawLane(pen, place, scale, lane, y, colour, selected) {
  const { width, gutter, colour: ink } = place;
  const isChosen = lane.kind === "track" && selected?.track === lane.track;
  pen.fillStyle = ink;
  if (isChosen || lane.kind !== "track") {
    pen.globalAlpha = isChosen ? 0.16 : 0.05;
    pen.fillRect(0, y, width, ROW);
  }
  pen.globalAlpha = 1;
  drawTitle(pen, lane, y, gutter);
  pen.save();
  pen.beginPath();
  pen.rect(gutter, y, width - gutter, ROW);
  pen.clip();
  drawSegments(pen, place, scale, lane, y, colour, selected);
  pen.restore();
}

function drawTitle(pen, { kind, title, canFold, isFolded, count: number }, y, gutter) {
  const indent = kind === "track" ? 20 : 6;
  pen.save();
  pen.beginPath();
  pen.rect(0, y, gutter - 6, ROW);
  pen.clip();
  const sign = canFold ? (isFolded ? "▸ " : "▾ ") : "";
  pen.fillText(sign + title + (kind === "label" ? ` (${count(number)})` : ""), indent, y + ROW / 2 + 0.5);
  pen.restore();
}

/** Draw the visible segments of a lane. Those that end left of what is drawn are skipped: thousands may share one pixel. */
function drawSegments(pen, { width, gutter }, scale, lane, y, colour, selected) {
  const across = width - gutter;
  const [from, to] = scale.part.value;
  const segments = lane.segments();
  const x = (frame) => gutter + scale.shareOf(frame) * across;
  let right = -Infinity;
  for (let index = firstSegmentAt(segments, Math.floor(from)); index < segments.length && segments[index].first <= to; index += 1) {
    const { first, last, event } = segments[index];
    const end = Math.max(x(last + 1), x(first) + LEAST_WIDTH);
    if (end <= right) continue;
    const start = Math.max(x(first), right);
    pen.fillStyle = colour;
    pen.globalAlpha = lane.kind === "event" && index % 2 ? 0.6 : 1;
    pen.fillRect(start, y + 3, Math.max(1, end - start - (lane.kind === "event" ? 1 : 0)), ROW - 6);
    if (event && event === selected?.event) {
      pen.globalAlpha = 1;
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = 2;
      pen.strokeRect(start, y + 1, end - start, ROW - 2);
    }
    right = end;
  }
  pen.globalAlpha = 1;
}

function drawRuler(pen, { width, gutter, colour }, scale) {
  const across = width - gutter;
  const [from, to] = scale.part.value;
  const step = niceStep(to - from, across / 80);
  pen.fillStyle = colour;
  for (let mark = Math.ceil(from / step) * step || 1; mark < to; mark += step) {
    const frame = Math.max(1, mark);
    const x = gutter + scale.shareOf(frame) * across;
    pen.globalAlpha = 0.35;
    pen.fillRect(x, RULER - 6, 1, 6);
    pen.globalAlpha = 0.75;
    pen.fillText(count(frame), x + 3, RULER / 2 - 1);
  }
  pen.globalAlpha = 1;
}
