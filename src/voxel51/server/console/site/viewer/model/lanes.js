/** The lanes of a timeline: events first, then each label followed by its tracks. */

import { rangesOfLabel } from "./labels.js";

/** A label with more tracks is collapsed at first: its own lane shows when any of them is present. */
export const MAX_EXPANDED_TRACKS = 40;

/**
 * @param {(label: number) => boolean} isFolded whether the lanes of a label's tracks are hidden
 * @returns {Array<{kind: "event"|"label"|"track", title: string, label: number, segments: () => Array<{first, last, event?}>,
 *   track?: number, canFold?: boolean, isFolded?: boolean}>} `segments` are computed when they are first drawn
 */
export function lanesOf(labels, isFolded, hidden = new Set()) {
  const lanes = eventLanes(labels, hidden);
  const tracksOf = Map.groupBy(labels.tracks.keys(), (track) => labels.tracks[track].label);
  for (const { label, count } of labels.usedLabels.filter((used) => !hidden.has(used.label))) {
    const tracks = tracksOf.get(label) ?? [];
    const folded = isFolded(label);
    lanes.push({ kind: "label", title: labels.nameOf(label), label, segments: lazily(() => rangesOfLabel(labels, label)), count: tracks.length || count, canFold: tracks.length > 0, isFolded: folded });
    if (folded) continue;
    for (const track of tracks) lanes.push({ kind: "track", title: labels.titleOfTrack(track), label, track, segments: lazily(() => labels.rangesOfTrack(track)) });
  }
  return lanes;
}

/** Events of one label share a lane as long as they do not overlap. */
function eventLanes(labels, hidden) {
  const lanes = [];
  for (const event of labels.events) {
    if (hidden.has(event.label)) continue;
    const segments = event.ranges.map(([first, last]) => ({ first, last, event }));
    const lane = lanes.find((other) => other.label === event.label && other.segments.at(-1).last < segments[0].first);
    if (lane) lane.segments.push(...segments);
    else lanes.push({ kind: "event", title: labels.labels[event.label] || "event", label: event.label, segments });
  }
  return lanes.sort((a, b) => a.title.localeCompare(b.title)).map((lane) => ({ ...lane, segments: () => lane.segments }));
}

/** Return the position of the first segment that ends at or after `frame`; segments are in ascending order. */
export function firstSegmentAt(segments, frame) {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].last < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lazily(find) {
  let segments = null;
  return () => (segments ??= find().map(([first, last]) => ({ first, last })));
}
