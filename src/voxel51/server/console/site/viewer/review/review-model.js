/**
 * Model of a review: applies edits to labels as the platform will (`voxel51.labels.review`), to show them before they are saved.
 *
 * The labels must be a version from the platform, in which each track has a number of its own.
 */

import { countingSort, growingArray, stringTable } from "../model/packed-columns.js";
import { labelsOf } from "../model/labels.js";

const OF_EVENT = 1;

/** An edit does not fit the labels; the message says why. */
export class UnfitEdit extends Error {}

/**
 * @param base of `labelsOf`
 * @param {Array} edits of `voxel51.wire.reviews.Edit`
 * @returns {{labels, tracks: Map<number, object>}} `labels` without the rejected tracks; `tracks` by number, each with `label`,
 *   `isAccepted`, `isRejected`, and `boxes` by frame
 * @throws {UnfitEdit}
 */
export function reviewed(base, edits) {
  const tracks = tracksOf(base);
  for (const edit of edits) APPLY[edit.edit](tracks, edit);
  return { labels: packedAgain(base, tracks), tracks };
}

/** Return a number that no track of the labels or of the edits has. */
export function freeNumber(tracks, edits) {
  const used = edits.flatMap(({ track, new_track: created }) => [track ?? 0, created ?? 0]);
  return Math.max(0, ...tracks.keys(), ...used) + 1;
}

/**
 * Return the edits that fit other labels, and those that do not. New tracks get other numbers where theirs are in use.
 *
 * @param base of `labelsOf`, newer than the labels that the edits were made on
 */
export function movedEdits(base, edits) {
  const [fitting, unfit] = [[], []];
  const renamed = new Map();
  const tracks = tracksOf(base);
  const now = (number) => renamed.get(number) ?? number;
  for (const edit of edits) {
    const next = { ...edit };
    if (next.tracks) next.tracks = next.tracks.map(now);
    for (const name of ["track", "into"]) if (name in next) next[name] = now(next[name]);
    const created = edit.edit === "split" ? "new_track" : edit.edit === "draw" && edit.label !== undefined && !renamed.has(edit.track) ? "track" : null;
    if (created && tracks.has(edit[created])) {
      renamed.set(edit[created], freeNumber(tracks, [...edits, ...fitting]));
      next[created] = now(edit[created]);
    }
    try {
      APPLY[next.edit](tracks, next);
      fitting.push(next);
    } catch (error) {
      if (!(error instanceof UnfitEdit)) throw error;
      unfit.push({ edit, reason: error.message });
    }
  }
  return { fitting, unfit };
}

function tracksOf(base) {
  const tracks = new Map();
  base.tracks.forEach(({ label, index, isAccepted }, track) => {
    const boxes = new Map();
    for (const id of base.boxesOfTrack(track)) boxes.set(base.boxes.frame[id], { id });
    tracks.set(index, { label: base.labels[label], isAccepted, isRejected: false, boxes });
  });
  return tracks;
}

const APPLY = {
  accept: (tracks, { tracks: numbers }) => {
    for (const track of all(tracks, numbers)) Object.assign(track, { isAccepted: true, isRejected: false });
  },
  reject: (tracks, { tracks: numbers }) => {
    for (const track of all(tracks, numbers)) Object.assign(track, { isAccepted: false, isRejected: true });
  },
  rename: (tracks, { tracks: numbers, label }) => {
    for (const track of all(tracks, numbers)) track.label = label;
  },
  merge: (tracks, { tracks: numbers, into }) => {
    const kept = found(tracks, into);
    all(tracks, numbers);
    for (const number of new Set(numbers)) {
      if (number === into) continue;
      for (const [frame, box] of tracks.get(number).boxes) if (!kept.boxes.has(frame)) kept.boxes.set(frame, box);
      tracks.delete(number);
    }
  },
  split: (tracks, { track: number, frame, new_track: created }) => {
    const track = found(tracks, number);
    if (tracks.has(created)) throw new UnfitEdit(`track ${created} exists already`);
    const later = [...track.boxes].filter(([at]) => at >= frame);
    if (!later.length || later.length === track.boxes.size) throw new UnfitEdit(`track ${number} has no box ${later.length ? "before" : "since"} frame ${frame}`);
    for (const [at] of later) track.boxes.delete(at);
    tracks.set(created, { ...track, boxes: new Map(later) });
  },
  draw: (tracks, { track: number, frame, box, label }) => {
    if (!tracks.has(number)) {
      if (label === undefined) throw new UnfitEdit(`track ${number} is gone`);
      tracks.set(number, { label, isAccepted: true, isRejected: false, boxes: new Map() });
    }
    const track = tracks.get(number);
    if (label !== undefined && label !== track.label) throw new UnfitEdit(`track ${number} has the label ${track.label}`);
    track.boxes.set(frame, { edges: box });
  },
  erase: (tracks, { track: number, frame }) => {
    const track = found(tracks, number);
    if (!track.boxes.delete(frame)) throw new UnfitEdit(`track ${number} has no box in frame ${frame}`);
    if (!track.boxes.size) tracks.delete(number);
  },
};

const all = (tracks, numbers) => numbers.map((number) => found(tracks, number));

function found(tracks, number) {
  if (!tracks.has(number)) throw new UnfitEdit(`track ${number} is gone`);
  return tracks.get(number);
}

/** Return the labels of `base` with these tracks instead of its own. */
function packedAgain(base, tracks) {
  const names = stringTable();
  base.labels.forEach(names.numberOf);
  const rows = [];
  for (let id = 0; id < base.boxCount; id += 1) if (base.boxes.kind[id] === OF_EVENT) rows.push({ id, track: -1, frame: base.boxes.frame[id], label: base.boxes.label[id] });
  const packedTracks = [];
  for (const [index, track] of tracks) {
    if (track.isRejected) continue;
    const label = names.numberOf(track.label);
    const number = packedTracks.length;
    const summary = { label, index, first: Infinity, last: 0, count: track.boxes.size, confidence: NaN, isAccepted: track.isAccepted };
    for (const [frame, { id, edges }] of track.boxes) {
      rows.push({ id, edges, track: number, frame, label });
      summary.first = Math.min(summary.first, frame);
      summary.last = Math.max(summary.last, frame);
      const confidence = id === undefined ? NaN : base.boxes.confidence[id];
      if (!(summary.confidence >= confidence)) summary.confidence = confidence;
    }
    packedTracks.push(summary);
  }
  const columns = { frame: growingArray(Uint32Array), label: growingArray(Uint32Array), track: growingArray(Int32Array), confidence: growingArray(Float32Array), text: growingArray(Uint32Array), mask: growingArray(Uint32Array), kind: growingArray(Uint8Array) };
  for (const { id, track, frame, label } of rows) {
    const copied = (name, otherwise) => (id === undefined ? otherwise : base.boxes[name][id]);
    columns.frame.push(frame);
    columns.label.push(label);
    columns.track.push(track);
    columns.confidence.push(copied("confidence", NaN));
    columns.text.push(copied("text", 0));
    columns.mask.push(copied("mask", 0));
    columns.kind.push(copied("kind", 0));
  }
  const last = rows.reduce((most, { frame }) => Math.max(most, frame), base.lastFrame);
  const { offsets, order } = countingSort(columns.frame.values(), rows.length, last);
  const edges = new Float32Array(4 * rows.length);
  order.forEach((row, position) => edges.set(rows[row].edges ?? base.edgesOf(rows[row].id), 4 * position));
  const boxes = { edges, ...Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.values(order)])) };
  return labelsOf({ ...base, labels: names.texts, tracks: packedTracks, boxes, offsets, lastFrame: last });
}
