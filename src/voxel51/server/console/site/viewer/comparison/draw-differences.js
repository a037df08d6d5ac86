/** Draws the boxes of a frame for a comparison: those in both sets thinly, and the differing ones in the colour of their kind. */

import { INK } from "../model/colours.js";

/** Colours of the kinds on the dark stage. The kinds differ by dashes and captions too, for those who cannot tell colours apart. */
export const KIND_COLOURS = { removed: "#ff8f86", added: "#6fe0a0", changed: "#ffd479" };
const KIND_SIGNS = { removed: "−", added: "+", changed: "≠" };
const KIND_DASHES = { removed: [7, 4], added: [], changed: [2, 3] };
const BOTH_COLOUR = "rgb(255 255 255 / 55%)";
const FONT_PIXELS = 12;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param labels of `labelsOf`: all boxes of the frame are drawn thinly
 * @param {Array} differing boxes of `differencesOf`
 * @param {{left, top, width, height, scale}} area as for `drawOverlay`
 */
export function drawDifferences(pen, labels, differing, frame, area) {
  pen.lineJoin = "round";
  pen.font = `600 ${FONT_PIXELS * area.scale}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  pen.strokeStyle = BOTH_COLOUR;
  pen.lineWidth = area.scale;
  const [from, to] = labels.boxesIn(frame);
  for (let id = from; id < to; id += 1) if (!labels.boxes.kind[id]) stroke(pen, labels.edgesOf(id), area);
  pen.lineWidth = 2.5 * area.scale;
  for (const { kind, edges } of differing) {
    pen.strokeStyle = KIND_COLOURS[kind];
    pen.setLineDash(KIND_DASHES[kind].map((length) => length * area.scale));
    stroke(pen, edges, area);
  }
  pen.setLineDash([]);
  for (const box of differing) caption(pen, box, area);
}

/** Return the text of a difference: "+ car 3", "≠ car 3, bus in the other". */
export function titleOf({ kind, label, other, track }) {
  return `${KIND_SIGNS[kind]} ${label}${track === null ? "" : ` ${track}`}${other === null ? "" : ` (${other} in the other)`}`;
}

function stroke(pen, [left, top, right, bottom], area) {
  pen.strokeRect(area.left + left * area.width, area.top + top * area.height, (right - left) * area.width, (bottom - top) * area.height);
}

function caption(pen, box, area) {
  const text = titleOf(box);
  const [left, top] = box.edges;
  const height = (FONT_PIXELS + 6) * area.scale;
  const width = pen.measureText(text).width + 8 * area.scale;
  const x = Math.max(area.left, Math.min(area.left + left * area.width, area.left + area.width - width));
  const y = Math.max(area.top, area.top + top * area.height - height);
  pen.fillStyle = KIND_COLOURS[box.kind];
  pen.fillRect(x, y, width, height);
  pen.fillStyle = INK;
  pen.fillText(text, x + 4 * area.scale, y + height / 2 + area.scale / 2);
}
