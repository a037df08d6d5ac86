/** A control for a region of the video: drawn on its poster with the pointer, or typed as four numbers. */

import { h } from "../../core/dom.js";
import { signal, untracked } from "../../core/reactive.js";
import { poster } from "../../parts/poster.js";

const SIDES = ["Left", "Top", "Width", "Height"];
const SMALLEST = 0.01;
const DIGITS = 3;

/**
 * @param {{value: Array<string>}} sides a signal of four texts: left, top, width and height as fractions of the frame; all
 *   empty for the whole frame
 * @param {() => string|undefined} videoId whose poster is shown
 */
export function regionControl(sides, videoId, describedBy) {
  const inputs = SIDES.map((title, index) =>
    h("label.side", {}, title, h("input", {
      type: "number",
      min: 0,
      max: 1,
      step: "any",
      placeholder: index < 2 ? "0" : "1",
      "aria-describedby": describedBy,
      value: () => sides.value[index],
      oninput: (event) => (sides.value = sides.peek().map((old, other) => (other === index ? event.target.value : old))),
    })),
  );
  const id = () => videoId();
  return h("div.region", {}, () => id() && untracked(() => drawing(sides, id())), h("div.sides", {}, inputs));
}

/** Return the error in four texts as a region; empty if they are valid. */
export function regionError(sides) {
  if (sides.every((side) => side === "")) return "";
  const [left, top, width, height] = regionOf(sides);
  if (![left, top, width, height].every((side) => Number.isFinite(side) && side >= 0 && side <= 1)) return "Enter four numbers from 0 to 1.";
  if (width === 0 || height === 0) return "The width and the height must be above 0.";
  return left + width > 1 + 1e-9 || top + height > 1 + 1e-9 ? "The region must lie within the frame: left + width and top + height must not exceed 1." : "";
}

/** Return the four numbers; empty texts get the values of the whole frame. */
export const regionOf = (sides) => sides.map((side, index) => (side === "" ? Number(index > 1) : Number(side)));

function drawing(sides, videoId) {
  const begin = signal(null);
  const at = (event) => {
    const box = area.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) => Math.min(1, Math.max(0, share)));
  };
  const draw = (event) => {
    const [from, to] = [begin.peek(), at(event)];
    const [left, top] = from.map((share, axis) => Math.min(share, to[axis]));
    const [width, height] = from.map((share, axis) => Math.abs(share - to[axis]));
    if (width < SMALLEST || height < SMALLEST) return;
    sides.value = [left, top, Math.min(width, 1 - left), Math.min(height, 1 - top)].map((share) => String(Math.floor(share * 10 ** DIGITS) / 10 ** DIGITS));
  };
  const area = h(
    "div.region-picture",
    {
      title: "Draw a rectangle",
      onpointerdown: (event) => {
        event.preventDefault();
        area.setPointerCapture(event.pointerId);
        begin.value = at(event);
      },
      onpointermove: (event) => begin.peek() && draw(event),
      onpointerup: () => (begin.value = null),
      onpointercancel: () => (begin.value = null),
    },
    poster(videoId, { width: 640 }),
    () => box(sides.value),
  );
  return area;
}

function box(sides) {
  if (sides.every((side) => side === "") || regionError(sides)) return null;
  const [left, top, width, height] = regionOf(sides).map((share) => `${share * 100}%`);
  return h("div.region-box", { style: { left, top, width, height } });
}
