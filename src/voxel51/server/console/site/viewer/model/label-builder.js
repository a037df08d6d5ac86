/**
 * Labels of a video (or an image) packed into arrays of numbers, piece by piece as `jsonPieces` finds them. What comes out
 * is plain data, so that a worker can hand it over.
 */

import { growing, numberedTexts, ordered } from "./growing.js";
import { joined, rangesOf } from "./ranges.js";

const LAST_FRAME = 2 ** 26;

/** A box of an event, and not of an object. */
export const OF_EVENT = 1;

export function labelBuilder() {
  const columns = {
    frame: growing(Uint32Array),
    place: growing(Float32Array), // left, top, right, bottom of each
    label: growing(Uint32Array),
    track: growing(Int32Array), // -1: none
    confidence: growing(Float32Array), // NaN: none
    text: growing(Uint32Array),
    mask: growing(Uint32Array),
    kind: growing(Uint8Array),
  };
  const labels = numberedTexts();
  const texts = numberedTexts();
  const masks = [""];
  const tracks = [];
  const trackNumbers = new Map();
  const happening = new Map(); // events told frame by frame
  const events = [];
  const shapes = [];
  const frameTexts = [];
  const frameMasks = [];
  const bytes = new Map(); // frame -> where it stands in the file
  const known = {};
  let last = 0;
  let unnumbered = 0;
  let isLabels = false;

  function add(path, value, start, end) {
    const [part, name] = path;
    if (part === "frames" && name !== undefined) addFrame(Number(name), value, start, end);
    else if (part === "objects" && name === part) addThing(value);
    else if (part === "events" && name === part) addEvent(value);
    else if (path.length === 1) known[part] = value;
    if (["frames", "objects", "events"].includes(part)) isLabels = true;
  }

  function addFrame(number, said, start, end) {
    if (!isFrame(number) || !said) return;
    last = Math.max(last, number);
    bytes.set(number, [start, end]);
    addPicture(number, said);
  }

  /** What stands in one frame, or in an image. */
  function addPicture(number, said) {
    for (const each of listed(said, "objects")) addBox(number, each, each.label, each.index);
    for (const each of listed(said, "events")) addHappening(number, each);
    for (const each of listed(said, "polylines")) shapes.push({ frame: number, kind: "line", label: each.label ?? "", track: each.index ?? null, lines: each.points ?? [], isClosed: Boolean(each.closed), isFilled: Boolean(each.filled) });
    for (const each of listed(said, "keypoints")) shapes.push({ frame: number, kind: "points", label: each.label ?? "", track: each.index ?? null, lines: [each.points ?? []] });
    const text = textOf(listed(said, "attrs"));
    if (text) frameTexts.push([number, text]);
    if (said.mask) frameMasks.push([number, masks.push(said.mask) - 1]);
  }

  function addBox(number, seen, label, index, { attributes = [], confidence, kind = 0 } = {}) {
    const { top_left: from, bottom_right: to } = seen.bounding_box ?? {};
    if (!from || !to || !isFrame(number)) return;
    last = Math.max(last, number);
    const sure = seen.confidence ?? confidence ?? NaN;
    columns.frame.push(number);
    for (const edge of [from.x, from.y, to.x, to.y]) columns.place.push(edge);
    const labelNumber = labels.numberOf(String(label ?? ""));
    columns.label.push(labelNumber);
    columns.track.push(index === undefined || index === null || kind === OF_EVENT ? -1 : trackOf(labelNumber, index, number, sure));
    columns.confidence.push(sure);
    columns.text.push(texts.numberOf(textOf([...attributes, ...listed(seen, "attrs")])));
    columns.mask.push(seen.mask ? masks.push(seen.mask) - 1 : 0);
    columns.kind.push(kind);
  }

  function trackOf(label, index, number, confidence) {
    const key = `${label} ${index}`;
    let id = trackNumbers.get(key);
    if (id === undefined) {
      id = tracks.push({ label, index: typeof index === "number" ? index : null, first: number, last: number, count: 0, confidence: NaN }) - 1;
      trackNumbers.set(key, id);
    }
    const track = tracks[id];
    track.first = Math.min(track.first, number);
    track.last = Math.max(track.last, number);
    track.count += 1;
    if (!(track.confidence >= confidence)) track.confidence = confidence;
    return id;
  }

  /** An item of the list `objects`: a track with frames of its own; or, of an image, a thing in it. */
  function addThing(thing) {
    if (!thing?.frames) {
      if (thing?.bounding_box) addBox(1, thing, thing.label, thing.index);
      return;
    }
    const index = thing.index ?? `unnumbered ${(unnumbered += 1)}`;
    const whole = { attributes: listed(thing, "attrs"), confidence: thing.confidence };
    for (const [number, seen] of Object.entries(thing.frames)) addBox(Number(number), seen, seen.label ?? thing.label, seen.index ?? index, whole);
  }

  function addEvent(event) {
    if (!event) return;
    const frames = Object.entries(event.frames ?? {});
    const told = rangesOf(event.support);
    const ranges = told.length ? told : joined(frames.map(([number]) => Number(number)).sort((a, b) => a - b));
    for (const [number, seen] of frames) addBox(Number(number), seen, seen.label ?? event.label, null, { kind: OF_EVENT, confidence: event.confidence });
    for (const thing of listed(event, "objects")) addThing(thing);
    pushEvent(event.label, event.index, event.confidence, ranges, textOf(listed(event, "attrs")));
  }

  function addHappening(number, event) {
    const key = `${event.label} ${event.index}`;
    const seen = happening.get(key) ?? { event, numbers: [] };
    happening.set(key, seen);
    seen.numbers.push(number);
    addBox(number, event, event.label, null, { kind: OF_EVENT });
    for (const each of listed(event, "objects")) addBox(number, each, each.label, each.index);
  }

  function pushEvent(label, index, confidence, ranges, text) {
    if (ranges.length === 0) return;
    last = Math.max(last, ranges.at(-1)[1]);
    events.push({ label: labels.numberOf(String(label ?? "")), index: index ?? null, confidence: confidence ?? NaN, ranges, text });
  }

  /** Everything, packed. `isLabels` says whether it looked like labels at all. */
  function finish() {
    for (const { event, numbers } of happening.values()) {
      pushEvent(event.label, event.index, event.confidence, joined(numbers.sort((a, b) => a - b)), textOf(listed(event, "attrs")));
    }
    const parts = ["frames", "objects", "events", "attrs", "metadata", "support", "mask_index", "provenance"];
    const isImage = ["mask", "keypoints", "polylines"].some((part) => part in known);
    if (isImage) addPicture(1, known);
    events.sort((a, b) => a.ranges[0][0] - b.ranges[0][0]);
    return {
      isLabels: isLabels || isImage || parts.some((part) => part in known) || Object.keys(known).length === 0,
      lastFrame: last,
      labels: labels.texts,
      texts: texts.texts,
      masks,
      tracks,
      events,
      shapes,
      frameTexts,
      frameMasks,
      attributes: listed(known, "attrs").map(attributeText),
      metadata: known.metadata ?? {},
      filename: known.filename ?? null,
      provenance: known.provenance ?? null,
      pieces: packedPieces(bytes),
      ...packedBoxes(columns, last),
    };
  }

  return { add, finish };
}

function packedBoxes(columns, last) {
  const count = columns.frame.length;
  const { offsets, order } = ordered(columns.frame.taken(), count, last);
  const unordered = columns.place.taken();
  const place = new Float32Array(4 * count);
  for (let position = 0; position < count; position += 1) place.set(unordered.subarray(4 * order[position], 4 * order[position] + 4), 4 * position);
  const names = Object.keys(columns).filter((name) => name !== "place");
  return { boxes: { place, ...Object.fromEntries(names.map((name) => [name, columns[name].taken(order)])) }, offsets };
}

function packedPieces(bytes) {
  const frames = [...bytes.keys()].sort((a, b) => a - b);
  return {
    frames: Uint32Array.from(frames),
    starts: Float64Array.from(frames, (number) => bytes.get(number)[0]),
    ends: Float64Array.from(frames, (number) => bytes.get(number)[1]),
  };
}

/** The entries of a container such as `{"objects": [...]}` in a field of the same name. */
function listed(record, name) {
  const entries = record?.[name]?.[name];
  return Array.isArray(entries) ? entries.filter(Boolean) : [];
}

const isFrame = (number) => Number.isInteger(number) && number >= 1 && number <= LAST_FRAME;

function attributeText({ name, value, confidence }) {
  const shown = typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  const sure = typeof confidence === "number" ? ` (${Math.round(confidence * 100)}%)` : "";
  return `${name ? `${name}: ` : ""}${shown}${sure}`;
}

const textOf = (attributes) => attributes.map(attributeText).join(" · ");
