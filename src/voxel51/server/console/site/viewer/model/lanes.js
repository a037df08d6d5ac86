/** The lanes of a timeline: events first, then each label with its tracks below it. */

import { spansOfLabel } from "./labels.js";

/** A label with more tracks begins folded: the lane of the label itself says when any is there. */
export const MOST_UNFOLDED = 40;

/**
 * @param {(label: number) => boolean} isFolded whether the tracks of a label have no lanes of their own
 * @returns {Array<{kind: "event"|"label"|"track", title: string, label: number, spans: () => Array<{first, last, event?}>,
 *   track?: number, canFold?: boolean, isFolded?: boolean}>} `spans` are found when they are first asked for
 */
export function lanesOf(labels, isFolded, hidden = new Set()) {
  const lanes = eventLanes(labels, hidden);
  const tracksOf = Map.groupBy(labels.tracks.keys(), (track) => labels.tracks[track].label);
  for (const { label, count } of labels.usedLabels.filter((used) => !hidden.has(used.label))) {
    const tracks = tracksOf.get(label) ?? [];
    const folded = isFolded(label);
    lanes.push({ kind: "label", title: labels.nameOf(label), label, spans: lazily(() => spansOfLabel(labels, label)), count: tracks.length || count, canFold: tracks.length > 0, isFolded: folded });
    if (folded) continue;
    for (const track of tracks) lanes.push({ kind: "track", title: labels.titleOfTrack(track), label, track, spans: lazily(() => labels.spansOfTrack(track)) });
  }
  return lanes;
}

/** Events of one label share a lane as long as they do not overlap. */
function eventLanes(labels, hidden) {
  const lanes = [];
  for (const event of labels.events) {
    if (hidden.has(event.label)) continue;
    const spans = event.ranges.map(([first, last]) => ({ first, last, event }));
    const lane = lanes.find((other) => other.label === event.label && other.spans.at(-1).last < spans[0].first);
    if (lane) lane.spans.push(...spans);
    else lanes.push({ kind: "event", title: labels.labels[event.label] || "event", label: event.label, spans });
  }
  return lanes.sort((a, b) => a.title.localeCompare(b.title)).map((lane) => ({ ...lane, spans: () => lane.spans }));
}

/** The first span that ends at or after `frame`, by position; spans rise. */
export function firstSpanAt(spans, frame) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].last < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lazily(find) {
  let spans = null;
  return () => (spans ??= find().map(([first, last]) => ({ first, last })));
}
