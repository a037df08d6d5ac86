/** The screen of the viewer: one canvas with the picture and one with the labels, always drawn together. */

import { h } from "../../core/dom.js";
import { effect, onEnd } from "../../core/reactive.js";
import { boxAt } from "../model/filters.js";
import { maskPictures } from "./mask-pictures.js";
import { drawOverlay } from "./overlay.js";

/**
 * @param view of `viewState`
 * @param {HTMLVideoElement|null} video covered by the canvases; it is in the document since browsers slow down hidden videos
 * @param {(pen, frame, area) => void} [paint] draws something else than the labels of the view
 * @returns {{node, show: (number, source) => void, picture: HTMLCanvasElement, drawOn: (pen, area) => void, onPress}} `show` is
 *   for a player; `drawOn` draws the labels on another canvas; `redraw` draws what `paint` draws again; `onPress` is called for a click outside of all boxes
 */
export function screen(view, video, paint = null) {
  const { index } = view;
  const picture = h("canvas.picture", { width: index.width || 16, height: index.height || 9, "aria-hidden": "true" });
  const overlay = h("canvas.overlay", { "aria-hidden": "true" });
  const brush = picture.getContext("2d", { alpha: false });
  const pen = overlay.getContext("2d");
  const masks = maskPictures(() => draw());
  const node = h("div.screen", { style: { aspectRatio: `${index.width || 16} / ${index.height || 9}` } }, video, picture, overlay);
  let frame = 0;

  function show(number, source) {
    if (source) {
      const [width, height] = sizeOf(source);
      if (picture.width !== width || picture.height !== height) Object.assign(picture, { width, height });
      brush.drawImage(source, 0, 0, width, height);
    }
    frame = number;
    draw();
    node.dataset.frame = number;
  }

  function draw() {
    pen.clearRect(0, 0, overlay.width, overlay.height);
    if (!frame) return;
    if (paint) paint(pen, frame, area());
    else if (view.labels) drawOverlay(pen, view, frame, area(), masks);
  }

  /** Return the area of the picture on the overlay: as large as it fits, centred. */
  function area() {
    const [width, height] = [overlay.width, overlay.height];
    const fit = Math.min(width / picture.width, height / picture.height);
    const [wide, high] = [picture.width * fit, picture.height * fit];
    return { left: (width - wide) / 2, top: (height - high) / 2, width: wide, height: high, scale: devicePixelRatio || 1 };
  }

  /** Draw the labels of the shown frame on another canvas. */
  function drawOn(other, otherArea) {
    if (paint) paint(other, frame, otherArea);
    else if (view.labels) drawOverlay(other, view, frame, otherArea, masks);
  }

  const sized = new ResizeObserver(() => {
    const scale = devicePixelRatio || 1;
    Object.assign(overlay, { width: Math.round(node.clientWidth * scale), height: Math.round(node.clientHeight * scale) });
    draw();
  });
  sized.observe(node);
  onEnd(() => sized.disconnect());

  if (view.isShown) {
    effect(() => {
      view.labels;
      for (const option of Object.values(view.display)) option.value; // reading them makes the effect depend on them
      view.isShown.value;
      view.selected.value;
      draw();
    });
  }
  overlay.addEventListener("click", press);

  /** Select the box that was clicked; outside of boxes, clear the selection, or play or pause. */
  function press(event) {
    const { labels } = view;
    const id = labels && boxAt(labels, frame, ...positionOf(event), view.isShown.peek());
    const track = id === null ? -1 : labels.boxes.track[id];
    if (track >= 0) view.selected.value = { track };
    else if (view.selected.peek()) view.selected.value = null;
    else self.onPress();
  }

  /** Return the position of a pointer event on the node, relative to the picture: 0 to 1 inside it. */
  function positionOf({ offsetX, offsetY }) {
    const { left, top, width, height, scale } = area();
    return [(offsetX * scale - left) / width, (offsetY * scale - top) / height];
  }

  const self = { node, show, picture, drawOn, redraw: draw, positionOf, onPress: () => {} };
  return self;
}

function sizeOf(source) {
  return [source.displayWidth ?? source.videoWidth ?? source.naturalWidth, source.displayHeight ?? source.videoHeight ?? source.naturalHeight];
}
