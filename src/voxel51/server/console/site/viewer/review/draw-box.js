/** Drawing of a box with the pointer, on an area that covers the picture while it is active. */

import { h } from "../../core/dom.js";

const SMALLEST = 0.004; // of the width or height; less is a click

/**
 * @param shown of `screen`
 * @param {(box: number[]) => void} onDrawn called with left, top, right and bottom, 0 to 1
 * @param {{value: boolean}} isActive a signal
 */
export function drawingArea(shown, onDrawn, isActive) {
  let start = null;
  const outline = h("div.drawn-box", { hidden: true });
  const area = h("div.drawing-area", { hidden: () => !isActive.value, "aria-hidden": "true", onpointerdown: begin, onpointermove: move, onpointerup: finish, onpointercancel: cancel }, outline);

  function begin(event) {
    if (event.button) return;
    event.preventDefault();
    area.setPointerCapture(event.pointerId);
    start = { at: clipped(shown.positionOf(event)), x: event.offsetX, y: event.offsetY };
  }

  function move(event) {
    if (!start) return;
    const [left, right] = [start.x, event.offsetX].sort((a, b) => a - b);
    const [top, bottom] = [start.y, event.offsetY].sort((a, b) => a - b);
    outline.hidden = false;
    Object.assign(outline.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  function finish(event) {
    if (!start) return;
    const [[x, y], [u, v]] = [start.at, clipped(shown.positionOf(event))];
    cancel();
    const box = [Math.min(x, u), Math.min(y, v), Math.max(x, u), Math.max(y, v)].map((side) => Number(side.toFixed(5)));
    if (box[2] - box[0] > SMALLEST && box[3] - box[1] > SMALLEST) onDrawn(box);
  }

  function cancel() {
    start = null;
    outline.hidden = true;
  }

  return area;
}

const clipped = (position) => position.map((value) => Math.min(1, Math.max(0, value)));
