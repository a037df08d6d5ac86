/** What packed labels say about a frame, a track, a label. */

import { growing, ordered } from "./growing.js";
import { contains, joined } from "./ranges.js";

/** A thing that is not labelled for longer is gone, and comes back later. */
const LONGEST_GAP_SECONDS = 1;
const UNNAMED = "object";

/** @param packed what `labelBuilder().finish()` gave */
export function labelsOf(packed) {
  const { boxes, offsets, tracks } = packed;
  const count = boxes.frame.length;
  const tracked = growing(Uint32Array);
  const numbers = growing(Uint32Array);
  for (let id = 0; id < count; id += 1) {
    if (boxes.track[id] >= 0) {
      tracked.push(id);
      numbers.push(boxes.track[id]);
    }
  }
  const grouped = ordered(numbers.taken(), numbers.length, Math.max(0, tracks.length - 1));
  const byTrack = tracked.taken(grouped.order);
  const shapes = byFrame(packed.shapes, ({ frame }) => frame);
  const frameTexts = new Map(packed.frameTexts);
  const frameMasks = new Map(packed.frameMasks);
  const gap = Math.max(1, Math.round((packed.metadata.frame_rate || 25) * LONGEST_GAP_SECONDS));

  const self = {
    ...packed,
    boxCount: count,
    isEmpty: count === 0 && packed.events.length === 0 && packed.shapes.length === 0 && packed.frameMasks.length === 0,
    nameOf: (label) => packed.labels[label] || UNNAMED,
    /** The boxes of a frame: from the first number up to, not including, the second. */
    boxesIn: (frame) => (frame < 1 || frame >= offsets.length - 1 ? [0, 0] : [offsets[frame], offsets[frame + 1]]),
    placeOf: (id) => boxes.place.subarray(4 * id, 4 * id + 4),
    /** The boxes of a track in their order in time. */
    boxesOfTrack: (track) => byTrack.subarray(grouped.offsets[track], grouped.offsets[track + 1]),
    /** When a track is there, small gaps closed. */
    spansOfTrack: (track) => joined(Array.from(self.boxesOfTrack(track), (id) => boxes.frame[id]), gap),
    eventsAt: (frame) => packed.events.filter(({ ranges }) => contains(ranges, frame)),
    shapesAt: (frame) => shapes.get(frame) ?? [],
    textAt: (frame) => frameTexts.get(frame) ?? "",
    maskAt: (frame) => packed.masks[frameMasks.get(frame) ?? 0],
    /** What a track is called. */
    titleOfTrack: (track) => titled(self.nameOf(tracks[track].label), tracks[track].index),
    titleOfEvent: ({ label, index }) => titled(packed.labels[label] || "event", index),
    usedLabels: usedLabels(packed),
    gap,
  };
  return self;
}

/** Objects in each frame that have `label`: `counts[frame - 1]`. Those that `isShown(id)` refuses do not count. */
export function countsOf(labels, label, frameCount, isShown = () => true) {
  const counts = new Uint16Array(frameCount);
  const { boxes } = labels;
  for (let id = 0; id < labels.boxCount; id += 1) {
    if (boxes.label[id] === label && boxes.kind[id] === 0 && boxes.frame[id] <= frameCount && isShown(id)) counts[boxes.frame[id] - 1] += 1;
  }
  return counts;
}

/** The frames in which `label` is seen, small gaps closed. */
export function spansOfLabel(labels, label) {
  const frames = growing(Uint32Array);
  for (let id = 0; id < labels.boxCount; id += 1) if (labels.boxes.label[id] === label && labels.boxes.kind[id] === 0) frames.push(labels.boxes.frame[id]);
  return joined(frames.taken(), labels.gap);
}

/** The labels of objects with how many boxes and tracks there are, the most frequent first. */
function usedLabels({ boxes, labels, tracks }) {
  const objectCounts = new Uint32Array(labels.length);
  const trackCounts = new Uint32Array(labels.length);
  for (const { label } of tracks) trackCounts[label] += 1;
  for (let id = 0; id < boxes.kind.length; id += 1) objectCounts[boxes.label[id]] += boxes.kind[id] === 0;
  return Array.from(objectCounts, (count, label) => ({ label, count, trackCount: trackCounts[label] }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
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
