/**
 * Packs the labels of a video or image into typed arrays, entry by entry as `jsonStream` emits them. The result is plain
 * data, so that a worker can transfer it without copying.
 */

import { growingArray, stringTable, countingSort } from "./packed-columns.js";
import { toRanges, rangesOf } from "./ranges.js";

const MAX_FRAME = 2 ** 26; // protects against frame numbers that would need too much memory

/** The kind of a box that belongs to an event; boxes of objects have kind 0. */
const OF_EVENT = 1;

export function labelBuilder() {
  const columns = {
    frame: growingArray(Uint32Array),
    edges: growingArray(Float32Array), // left, top, right, bottom of each box, 0 to 1
    label: growingArray(Uint32Array),
    track: growingArray(Int32Array), // -1: none
    confidence: growingArray(Float32Array), // NaN: none
    text: growingArray(Uint32Array),
    mask: growingArray(Uint32Array),
    kind: growingArray(Uint8Array),
  };
  const labels = stringTable();
  const texts = stringTable();
  const masks = [""];
  const tracks = [];
  const trackNumbers = new Map();
  const framewiseEvents = new Map(); // events that are listed in frames
  const events = [];
  const shapes = [];
  const frameTexts = [];
  const frameMasks = [];
  const bytes = new Map(); // frame -> byte range of its entry in the file
  const fields = {}; // all other fields of the document
  let last = 0;
  let unnumbered = 0;
  let isLabels = false;

  function add(path, value, start, end) {
    const [part, name] = path;
    if (part === "frames" && name !== undefined) addFrame(Number(name), value, start, end);
    else if (part === "objects" && name === part) addObject(value);
    else if (part === "events" && name === part) addEvent(value);
    else if (path.length === 1) fields[part] = value;
    if (["frames", "objects", "events"].includes(part)) isLabels = true;
  }

  function addFrame(number, frame, start, end) {
    if (!isFrame(number) || !frame) return;
    last = Math.max(last, number);
    bytes.set(number, [start, end]);
    addContent(number, frame);
  }

  /** Add the content of one frame, or of an image. */
  function addContent(number, frame) {
    for (const each of listed(frame, "objects")) addBox(number, each, each.label, each.index);
    for (const each of listed(frame, "events")) addFramewiseEvent(number, each);
    for (const each of listed(frame, "polylines")) addShape(number, "line", each, each.points, { isClosed: Boolean(each.closed), isFilled: Boolean(each.filled) });
    for (const each of listed(frame, "keypoints")) addShape(number, "points", each, [each.points ?? []]);
    const text = textOf(listed(frame, "attrs"));
    if (text) frameTexts.push([number, text]);
    if (frame.mask) frameMasks.push([number, masks.push(frame.mask) - 1]);
  }

  function addBox(number, object, label, index, { attributes = [], confidence, kind = 0 } = {}) {
    const { top_left: from, bottom_right: to } = object.bounding_box ?? {};
    if (!from || !to || !isFrame(number)) return;
    last = Math.max(last, number);
    const ownConfidence = object.confidence ?? confidence ?? NaN;
    columns.frame.push(number);
    for (const edge of [from.x, from.y, to.x, to.y]) columns.edges.push(edge);
    const labelNumber = labels.numberOf(String(label ?? ""));
    columns.label.push(labelNumber);
    columns.track.push(index === undefined || index === null || kind === OF_EVENT ? -1 : trackOf(labelNumber, index, number, ownConfidence, isAccepted(object)));
    columns.confidence.push(ownConfidence);
    columns.text.push(texts.numberOf(textOf([...attributes, ...listed(object, "attrs")])));
    columns.mask.push(object.mask ? masks.push(object.mask) - 1 : 0);
    columns.kind.push(kind);
  }

  function addShape(frame, kind, { label, index }, lines, more) {
    shapes.push({ frame, kind, label: labels.numberOf(String(label ?? "")), track: index ?? null, lines: lines ?? [], ...more });
  }

  /** Return the track with this label and index, extended to frame `number`. */
  function trackOf(label, index, number, confidence, hasTag) {
    const key = `${label} ${index}`;
    let id = trackNumbers.get(key);
    if (id === undefined) {
      id = tracks.push({ label, index: typeof index === "number" ? index : null, first: number, last: number, count: 0, confidence: NaN, isAccepted: false }) - 1;
      trackNumbers.set(key, id);
    }
    const track = tracks[id];
    track.first = Math.min(track.first, number);
    track.last = Math.max(track.last, number);
    track.count += 1;
    track.isAccepted ||= hasTag;
    if (!(track.confidence >= confidence)) track.confidence = confidence;
    return id;
  }

  /** Add an item of the list `objects`: an object with its frames in a video, or an object in an image. */
  function addObject(object) {
    if (!object?.frames) {
      if (object?.bounding_box) addBox(1, object, object.label, object.index);
      return;
    }
    const index = object.index ?? `unnumbered ${(unnumbered += 1)}`;
    const defaults = { attributes: listed(object, "attrs"), confidence: object.confidence };
    for (const [number, seen] of Object.entries(object.frames)) addBox(Number(number), seen, seen.label ?? object.label, seen.index ?? index, defaults);
  }

  function addEvent(event) {
    if (!event) return;
    const frames = Object.entries(event.frames ?? {});
    const support = rangesOf(event.support);
    const ranges = support.length ? support : toRanges(frames.map(([number]) => Number(number)).sort((a, b) => a - b));
    for (const [number, seen] of frames) addBox(Number(number), seen, seen.label ?? event.label, null, { kind: OF_EVENT, confidence: event.confidence });
    for (const object of listed(event, "objects")) addObject(object);
    pushEvent(events, event.label, event.index, event.confidence, ranges, textOf(listed(event, "attrs")));
  }

  /** Add an event that is listed in a frame; `packed` joins the frames of equal label and index to one event. */
  function addFramewiseEvent(number, event) {
    const key = `${event.label} ${event.index}`;
    const known = framewiseEvents.get(key) ?? { event, numbers: [] };
    framewiseEvents.set(key, known);
    known.numbers.push(number);
    addBox(number, event, event.label, null, { kind: OF_EVENT });
    for (const each of listed(event, "objects")) addBox(number, each, each.label, each.index);
  }

  function pushEvent(into, label, index, confidence, ranges, text) {
    if (ranges.length === 0) return;
    last = Math.max(last, ranges.at(-1)[1]);
    into.push({ label: labels.numberOf(String(label ?? "")), index: index ?? null, confidence: confidence ?? NaN, ranges, text });
  }

  /** Return everything so far, packed. `isLabels` is whether the document looks like labels. More may be added afterwards. */
  function packed() {
    const allEvents = [...events];
    for (const { event, numbers } of framewiseEvents.values()) {
      pushEvent(allEvents, event.label, event.index, event.confidence, toRanges(numbers.sort((a, b) => a - b)), textOf(listed(event, "attrs")));
    }
    const parts = ["frames", "objects", "events", "attrs", "metadata", "support", "mask_index", "provenance"];
    const isImage = ["mask", "keypoints", "polylines"].some((part) => part in fields);
    if (isImage) addContent(1, fields);
    allEvents.sort((a, b) => a.ranges[0][0] - b.ranges[0][0]);
    return {
      isLabels: isLabels || isImage || parts.some((part) => part in fields) || Object.keys(fields).length === 0,
      lastFrame: last,
      labels: labels.texts,
      texts: texts.texts,
      masks,
      tracks,
      events: allEvents,
      shapes,
      frameTexts,
      frameMasks,
      attributes: listed(fields, "attrs").map(attributeText),
      metadata: fields.metadata ?? {},
      filename: fields.filename ?? null,
      provenance: fields.provenance ?? null,
      byteRanges: packedRanges(bytes),
      ...packedBoxes(columns, last),
    };
  }

  return { add, packed };
}

/** Return the boxes sorted by frame; those of frame `n` are numbered from `offsets[n]` up to `offsets[n + 1]`. */
function packedBoxes(columns, last) {
  const count = columns.frame.length;
  const { offsets, order } = countingSort(columns.frame.values(), count, last);
  const unordered = columns.edges.values();
  const edges = new Float32Array(4 * count);
  for (let position = 0; position < count; position += 1) edges.set(unordered.subarray(4 * order[position], 4 * order[position] + 4), 4 * position);
  const names = Object.keys(columns).filter((name) => name !== "edges");
  return { boxes: { edges, ...Object.fromEntries(names.map((name) => [name, columns[name].values(order)])) }, offsets };
}

function packedRanges(bytes) {
  const frames = [...bytes.keys()].sort((a, b) => a - b);
  return {
    frames: Uint32Array.from(frames),
    starts: Float64Array.from(frames, (number) => bytes.get(number)[0]),
    ends: Float64Array.from(frames, (number) => bytes.get(number)[1]),
  };
}

/** Return the list in a container of the labels format, such as `{"objects": {"objects": [...]}}`. */
function listed(record, name) {
  const entries = record?.[name]?.[name];
  return Array.isArray(entries) ? entries.filter(Boolean) : [];
}

/** Return whether a reviewer accepted the track of an object. */
const isAccepted = ({ tags }) => Array.isArray(tags) && tags.includes("accepted");

const isFrame = (number) => Number.isInteger(number) && number >= 1 && number <= MAX_FRAME;

function attributeText({ name, value, confidence }) {
  const shown = typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  const suffix = typeof confidence === "number" ? ` (${Math.round(confidence * 100)}%)` : "";
  return `${name ? `${name}: ` : ""}${shown}${suffix}`;
}

const textOf = (attributes) => attributes.map(attributeText).join(" · ");
