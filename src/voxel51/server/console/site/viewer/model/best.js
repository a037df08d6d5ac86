/** The best of a result: the clearest box of each track, of untracked boxes one per stretch of the video, or a frame per event. */

const MAX_PICTURES = 10;
const STRETCHES = 10;
const LARGE_ENOUGH = 0.05;
/** Share of the picture from which a larger box is not clearer. */
const UNKNOWN_CONFIDENCE = 0.5;
const WHOLE = [0, 0, 1, 1];

/**
 * Return at most `MAX_PICTURES` entries, as many different labels as possible, in the order of their frames.
 *
 * @param labels of `labelsOf`
 * @param {number} frameCount of the video
 * @returns {Array<{frame: number, edges: ArrayLike<number>, title: string, track: number|null}>} `edges` are shares of the picture
 */
export function bestOf(labels, frameCount) {
  const found = bestBoxes(labels, frameCount);
  const entries = found.length ? inTurn(found).map((id) => ofBox(labels, id)) : spread(labels.events).map((event) => ofEvent(labels, event));
  return entries.slice(0, MAX_PICTURES).sort((a, b) => a.frame - b.frame);
}

/** Return the boxes per label, the label with most boxes first, the clearest box first. */
function bestBoxes(labels, frameCount) {
  const { boxes } = labels;
  const stretch = Math.max(1, Math.ceil(frameCount / STRETCHES));
  const best = new Map();
  for (let id = 0; id < labels.boxCount; id += 1) {
    if (boxes.kind[id] !== 0 || boxes.frame[id] > frameCount) continue;
    const group = boxes.track[id] >= 0 ? boxes.track[id] : `${boxes.label[id]} ${Math.floor(boxes.frame[id] / stretch)}`;
    if (!best.has(group) || clarity(labels, id) > clarity(labels, best.get(group))) best.set(group, id);
  }
  const ids = [...best.values()].sort((a, b) => clarity(labels, b) - clarity(labels, a));
  const byLabel = Map.groupBy(ids, (id) => boxes.label[id]);
  return labels.usedLabels.map(({ label }) => byLabel.get(label) ?? []).filter(({ length }) => length);
}

function clarity({ boxes, edgesOf }, id) {
  const [left, top, right, bottom] = edgesOf(id);
  const confidence = Number.isNaN(boxes.confidence[id]) ? UNKNOWN_CONFIDENCE : boxes.confidence[id];
  return confidence * Math.min(1, ((right - left) * (bottom - top)) / LARGE_ENOUGH);
}

/** Return the entries of several lists: the first of each, then the second of each, and so on. */
function inTurn(lists) {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => lists.map((list) => list[turn])).flat().filter((entry) => entry !== undefined);
}

/** Return at most `MAX_PICTURES` of `events`, evenly spread. */
function spread(events) {
  const step = Math.max(1, events.length / MAX_PICTURES);
  return Array.from({ length: Math.min(events.length, MAX_PICTURES) }, (_, number) => events[Math.floor(number * step)]);
}

function ofBox(labels, id) {
  const { track, label, frame } = labels.boxes;
  const isTracked = track[id] >= 0;
  return { frame: frame[id], edges: labels.edgesOf(id), title: isTracked ? labels.titleOfTrack(track[id]) : labels.nameOf(label[id]), track: isTracked ? track[id] : null };
}

function ofEvent(labels, event) {
  const [first, last] = event.ranges[0];
  return { frame: Math.floor((first + last) / 2), edges: WHOLE, title: labels.titleOfEvent(event), track: null };
}
