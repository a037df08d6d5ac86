/** A control for a zone or a line: drawn on the poster of the video with the pointer, or typed as coordinates. */

import { h } from "../../../core/dom.js";
import { signal } from "../../../core/reactive.js";
import { button, field } from "../../../parts/form.js";
import { poster } from "../../../parts/poster.js";

const DIGITS = 3;

/**
 * @param {{value: Array<[number, number]>}} points a signal; it changes when the shape is complete
 * @param {object} options `dataId` of the video (undefined: only typed), `name`, `least` and `most` number of points, `hint`
 */
export function shapeControl(points, { dataId, name, least, most, hint }) {
  const drawn = signal(points.peek());
  const error = signal("");
  const input = h("input", { type: "text", placeholder: "0.1,0.2; 0.5,0.2; …", autocomplete: "off", value: () => textOf(drawn.value), onchange: () => typed(input.value) });

  function set(next) {
    drawn.value = next;
    error.value = "";
    if (next.length >= least) points.value = next;
    else if (points.peek().length > 0) points.value = []; // the shape was complete before
  }

  function typed(text) {
    const read = pointsIn(text);
    const isValid = read.length === 0 || (read.length >= least && read.length <= most && read.flat().every((share) => share >= 0 && share <= 1));
    if (isValid) set(read);
    else error.value = `Enter ${least === most ? least : `${least} to ${most}`} points as x,y; x,y with numbers from 0 to 1.`;
  }

  const press = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const point = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(rounded);
    set(drawn.peek().length >= most ? [point] : [...drawn.peek(), point]);
  };
  const picture = dataId && h("div.shape-picture", { onclick: press, "aria-hidden": "true" }, poster(dataId, { width: 640 }), () => outline(drawn.value, most > 2));
  return h(
    "div.shape",
    {},
    picture,
    h("div", {}, field(`${name}: points`, input, { hint: dataId ? hint : "Enter points as x,y; x,y with numbers from 0 to 1.", error }), button(`Clear ${name.toLowerCase()}`, () => set([]), { disabled: () => drawn.value.length === 0 })),
  );
}

const rounded = (share) => Math.round(Math.min(1, Math.max(0, share)) * 10 ** DIGITS) / 10 ** DIGITS;
const textOf = (points) => points.map((point) => point.join(",")).join("; ");
const numberOf = (text) => (text.trim() === "" ? NaN : Number(text)); // an empty text would otherwise be 0
const pointsIn = (text) => text.split(";").map((part) => part.trim()).filter(Boolean).map((part) => part.split(",").map(numberOf)).map((pair) => (pair.length === 2 && pair.every(Number.isFinite) ? pair : [-1, -1]));

function outline(points, isClosed) {
  const corners = points.map(([x, y]) => `${x * 100},${y * 100}`).join(" ");
  return h(
    "svg:svg",
    { viewBox: "0 0 100 100", preserveAspectRatio: "none" },
    points.length > 1 && h(isClosed ? "svg:polygon" : "svg:polyline", { points: corners }),
    points.map(([x, y]) => h("svg:line.corner", { x1: x * 100, y1: y * 100, x2: x * 100, y2: y * 100 })),
  );
}
