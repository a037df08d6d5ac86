/** Queries on packed labels: by frame, by track, by label. */

import { growingArray, countingSort } from "./packed-columns.js";
import { contains, toRanges } from "./ranges.js";

/** Gaps in a track up to this length are drawn as if the object were present. */
const MAX_GAP_SECONDS = 1;
const UNNAMED = "object";

/** @param packed the result of `labelBuilder().packed()` */
export function labelsOf(packed) {
  const { boxes, offsets, tracks } = packed;
  const count = boxes.frame.length;
  const tracked = growingArray(Uint32Array);
  const numbers = growingArray(Uint32Array);
  for (let id = 0; id < count; id += 1) {
    if (boxes.track[id] >= 0) {
      tracked.push(id);
      numbers.push(boxes.track[id]);
    }
  }
  const grouped = countingSort(numbers.values(), numbers.length, Math.max(0, tracks.length - 1));
  const byTrack = tracked.values(grouped.order);
  const shapes = byFrame(packed.shapes, ({ frame }) => frame);
  const frameTexts = new Map(packed.frameTexts);
  const frameMasks = new Map(packed.frameMasks);
  const gap = Math.max(1, Math.round((packed.metadata.frame_rate || 25) * MAX_GAP_SECONDS));

  const self = {
    ...packed,
    boxCount: count,
    isEmpty: count === 0 && packed.events.length === 0 && packed.shapes.length === 0 && packed.frameMasks.length === 0,
    nameOf: (label) => packed.labels[label] || UNNAMED,
    /** Return the boxes of a frame: `[first, end)`. */
    boxesIn: (frame) => (frame < 1 || frame >= offsets.length - 1 ? [0, 0] : [offsets[frame], offsets[frame + 1]]),
    edgesOf: (id) => boxes.edges.subarray(4 * id, 4 * id + 4),
    /** Return the boxes of a track, in the order of their frames. */
    boxesOfTrack: (track) => byTrack.subarray(grouped.offsets[track], grouped.offsets[track + 1]),
    /** Return the frame ranges of a track, with small gaps closed. */
    rangesOfTrack: (track) => toRanges(Array.from(self.boxesOfTrack(track), (id) => boxes.frame[id]), gap),
    eventsAt: (frame) => packed.events.filter(({ ranges }) => contains(ranges, frame)),
    shapesAt: (frame) => shapes.get(frame) ?? [],
    textAt: (frame) => frameTexts.get(frame) ?? "",
    maskAt: (frame) => packed.masks[frameMasks.get(frame) ?? 0],
    /** Return the title of a track, such as "car 7". */
    titleOfTrack: (track) => titled(self.nameOf(tracks[track].label), tracks[track].index),
    titleOfEvent: ({ label, index }) => titled(packed.labels[label] || "event", index),
    usedLabels: usedLabels(packed),
    firstFound: firstFound(packed),
    gap,
  };
  return self;
}

/** Return the number of shown objects with `label` per frame, as `counts[frame - 1]`. */
export function countsOf(labels, label, frameCount, isShown = () => true) {
  const counts = new Uint16Array(frameCount);
  const { boxes } = labels;
  for (let id = 0; id < labels.boxCount; id += 1) {
    if (boxes.label[id] === label && boxes.kind[id] === 0 && boxes.frame[id] <= frameCount && isShown(id)) counts[boxes.frame[id] - 1] += 1;
  }
  return counts;
}

/** Return the frame ranges in which objects with `label` are present, with small gaps closed. */
export function rangesOfLabel(labels, label) {
  const frames = growingArray(Uint32Array);
  for (let id = 0; id < labels.boxCount; id += 1) if (labels.boxes.label[id] === label && labels.boxes.kind[id] === 0) frames.push(labels.boxes.frame[id]);
  return toRanges(frames.values(), labels.gap);
}

/** Return the labels of objects with the number of their boxes and tracks, the most frequent first. */
function usedLabels({ boxes, labels, tracks }) {
  const objectCounts = new Uint32Array(labels.length);
  const trackCounts = new Uint32Array(labels.length);
  for (const { label } of tracks) trackCounts[label] += 1;
  for (let id = 0; id < boxes.kind.length; id += 1) objectCounts[boxes.label[id]] += boxes.kind[id] === 0;
  return Array.from(objectCounts, (count, label) => ({ label, count, trackCount: trackCounts[label] }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

/** Return the first frame in which something was found: a box, a shape, a mask, a text or an event; 1 if nothing was. */
function firstFound({ boxes, shapes, frameMasks, frameTexts, events }) {
  const starts = [events.map(({ ranges }) => ranges[0][0]), shapes.map(({ frame }) => frame), frameMasks.map(([frame]) => frame), frameTexts.map(([frame]) => frame)];
  const first = starts.flat().reduce((a, b) => Math.min(a, b), boxes.frame.length ? boxes.frame[0] : Infinity); // boxes are sorted by frame
  return Number.isFinite(first) ? Math.max(1, first) : 1;
}

const titled = (name, index) => (index === null ? name : `${name} ${index}`);

function byFrame(entries, frameOf) {
  const found = new Map();
  for (const entry of entries) {
    if (!found.has(frameOf(entry))) found.set(frameOf(entry), []);
    found.get(frameOf(entry)).push(entry);
  }
  return found;
}

/** Reduce a long row of numbers to at most `max` for drawing: the maximum of each of as many equal parts. */
export function downsampleMax(values, max) {
  if (values.length <= max) return values;
  return Uint32Array.from({ length: max }, (_, part) => {
    let greatest = 0;
    const end = Math.floor(((part + 1) * values.length) / max);
    for (let position = Math.floor((part * values.length) / max); position < end; position += 1) greatest = Math.max(greatest, values[position]);
    return greatest;
  });
}
