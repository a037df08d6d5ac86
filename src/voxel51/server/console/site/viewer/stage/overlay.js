/** Draws the labels of a frame: boxes with captions, trails, masks, polylines, keypoints, events. */

import { INK, colourOf } from "../model/colours.js";
import { percent } from "../../core/format.js";

const TRAIL_FRAMES = 40;
const FONT_PIXELS = 12;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param view of `viewState`
 * @param {number} frame
 * @param {{left, top, width, height, scale}} area of the picture on the canvas; `scale` is canvas pixels per CSS pixel
 * @param {{of: (text: string, colour: string) => CanvasImageSource|null}} masks of `maskPictures`
 */
export function drawOverlay(pen, view, frame, area, masks) {
  const { labels, display } = view;
  const isShown = view.isShown.value;
  const [from, to] = labels.boxesIn(frame);
  pen.lineWidth = display.width.value * area.scale;
  pen.lineJoin = "round";
  pen.font = `600 ${FONT_PIXELS * area.scale}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  if (display.masks.value) drawFrameMask(pen, view, frame, area, masks);
  const captions = [];
  for (let id = from; id < to; id += 1) {
    if (!isShown(id) || (labels.boxes.kind[id] && !display.events.value)) continue;
    const box = placed(labels.edgesOf(id), area);
    const colour = view.colourOfBox(id);
    if (display.masks.value && labels.boxes.mask[id]) drawMask(pen, masks.of(labels.masks[labels.boxes.mask[id]], colour), box);
    if (display.trails.value && labels.boxes.track[id] >= 0) drawTrail(pen, labels, id, colour, area);
    if (display.boxes.value) drawBox(pen, box, colour, isSelected(view, id), Boolean(labels.boxes.kind[id]), area.scale);
    const text = captionOf(view, id);
    if (text) captions.push({ text, box, colour });
  }
  for (const shape of labels.shapesAt(frame)) if (!view.hidden.value.has(shape.label)) drawShape(pen, shape, area);
  for (const { text, box, colour } of captions) drawCaption(pen, text, box.left, box.top, colour, area);
  if (display.events.value) drawEvents(pen, view, frame, area);
}

/** Return the caption of a box according to the display options; may be empty. */
function captionOf({ labels, display }, id) {
  const { label, track, confidence, text } = labels.boxes;
  const parts = [];
  if (display.captions.value) parts.push(track[id] >= 0 ? labels.titleOfTrack(track[id]) : labels.nameOf(label[id]));
  if (display.confidence.value && !Number.isNaN(confidence[id])) parts.push(percent(confidence[id]));
  const line = parts.join(" ");
  return display.attributes.value && text[id] ? [line, labels.texts[text[id]]].filter(Boolean).join(" · ") : line;
}

function isSelected({ selected, labels }, id) {
  const track = labels.boxes.track[id];
  return track >= 0 && selected.value?.track === track;
}

function placed([left, top, right, bottom], area) {
  return {
    left: area.left + left * area.width,
    top: area.top + top * area.height,
    width: (right - left) * area.width,
    height: (bottom - top) * area.height,
  };
}

function drawBox(pen, { left, top, width, height }, colour, isChosen, isDashed, scale) {
  if (isChosen) {
    pen.save();
    pen.fillStyle = colour;
    pen.globalAlpha = 0.22;
    pen.fillRect(left, top, width, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = "#fff";
    pen.lineWidth += 3 * scale;
    pen.strokeRect(left, top, width, height);
    pen.restore();
  }
  pen.strokeStyle = colour;
  if (isDashed) pen.setLineDash([6 * scale, 4 * scale]);
  pen.strokeRect(left, top, width, height);
  pen.setLineDash([]);
}

function drawCaption(pen, text, left, top, colour, area) {
  const height = (FONT_PIXELS + 6) * area.scale;
  const width = pen.measureText(text).width + 8 * area.scale;
  const x = Math.max(area.left, Math.min(left - pen.lineWidth / 2, area.left + area.width - width));
  const y = top - height < area.top ? Math.max(area.top, top) : top - height;
  pen.fillStyle = colour;
  pen.fillRect(x, y, width, height);
  pen.fillStyle = INK;
  pen.fillText(text, x + 4 * area.scale, y + height / 2 + area.scale / 2);
}

function drawTrail(pen, labels, id, colour, area) {
  const { frame, track } = labels.boxes;
  const ids = labels.boxesOfTrack(track[id]);
  pen.strokeStyle = colour;
  pen.beginPath();
  for (let position = lastNotAfter(ids, id); position >= 0 && frame[ids[position]] > frame[id] - TRAIL_FRAMES; position -= 1) {
    const [left, , right, bottom] = labels.edgesOf(ids[position]);
    pen.lineTo(area.left + ((left + right) / 2) * area.width, area.top + bottom * area.height);
  }
  pen.stroke();
}

/** Return the position of `id` in the ascending `ids`. */
function lastNotAfter(ids, id) {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle] <= id) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function drawMask(pen, picture, { left, top, width, height }) {
  if (!picture) return;
  pen.save();
  pen.globalAlpha = 0.45;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture, left, top, width, height);
  pen.restore();
}

function drawFrameMask(pen, { labels }, frame, area, masks) {
  const mask = labels.maskAt(frame);
  if (mask) drawMask(pen, masks.of(mask, null), area);
}

function drawShape(pen, { kind, label, track, lines, isClosed, isFilled }, area) {
  const colour = colourOf(track ?? label);
  const at = ([x, y]) => [area.left + x * area.width, area.top + y * area.height];
  pen.strokeStyle = pen.fillStyle = colour;
  for (const points of lines) {
    pen.beginPath();
    for (const point of points) {
      const [x, y] = at(point);
      if (kind === "line") pen.lineTo(x, y);
      else {
        pen.moveTo(x, y);
        pen.arc(x, y, pen.lineWidth * 1.5, 0, 2 * Math.PI);
      }
    }
    if (isClosed) pen.closePath();
    if (kind === "points") pen.fill();
    else pen.stroke();
    if (isFilled) {
      pen.globalAlpha = 0.3;
      pen.fill();
      pen.globalAlpha = 1;
    }
  }
}

function drawEvents(pen, view, frame, area) {
  const { labels, hidden } = view;
  const margin = 8 * area.scale;
  let top = area.top + margin;
  const texts = labels.eventsAt(frame).filter(({ label }) => !hidden.value.has(label)).map((event) => [eventText(view, event), view.colourOfLabel(event.label)]);
  if (view.display.attributes.value && labels.textAt(frame)) texts.push([labels.textAt(frame), "#e9ecf1"]);
  for (const [text, colour] of texts.slice(0, 12)) {
    drawCaption(pen, text, area.left + margin, top, colour, { ...area, top });
    top += (FONT_PIXELS + 8) * area.scale;
  }
}

function eventText({ labels, display }, event) {
  const confidence = Number.isNaN(event.confidence) ? "" : ` ${percent(event.confidence)}`;
  return labels.titleOfEvent(event) + confidence + (display.attributes.value && event.text ? ` · ${event.text}` : "");
}
