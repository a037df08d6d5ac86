import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { bestOf } from "../../../src/voxel51/server/console/site/viewer/model/best.js";
import { boxAt, frameWithBoxes, boxFilter } from "../../../src/voxel51/server/console/site/viewer/model/filters.js";
import { jsonStream } from "../../../src/voxel51/server/console/site/viewer/model/json-stream.js";
import { labelBuilder } from "../../../src/voxel51/server/console/site/viewer/model/label-builder.js";
import { countsOf, downsampleMax, labelsOf } from "../../../src/voxel51/server/console/site/viewer/model/labels.js";
import { firstSegmentAt, lanesOf } from "../../../src/voxel51/server/console/site/viewer/model/lanes.js";
import { decodedMask } from "../../../src/voxel51/server/console/site/viewer/model/masks.js";
import { toRanges, rangesOf } from "../../../src/voxel51/server/console/site/viewer/model/ranges.js";

function packedOf(document) {
  const builder = labelBuilder();
  const stream = jsonStream(builder.add);
  stream.feed(new TextEncoder().encode(JSON.stringify(document)));
  stream.end();
  return builder.packed();
}

const read = (document) => labelsOf(packedOf(document));
const box = (x, y, size = 0.25) => ({ top_left: { x, y }, bottom_right: { x: x + size, y: y + size } });
const car = (x, more = {}) => ({ label: "car", index: 7, confidence: 0.75, bounding_box: box(x, 0.5), ...more });

const FRAMEWISE = {
  metadata: { frame_rate: 2 },
  frames: {
    10: { objects: { objects: [car(0.5), { label: "dog", bounding_box: box(0, 0, 0.75), confidence: 0.25 }] } },
    1: { objects: { objects: [car(0.125, { attrs: { attrs: [{ name: "speed", value: 12.34567 }] } })] }, attrs: { attrs: [{ name: "lux", value: 3, confidence: 0.5 }] } },
    2: { objects: { objects: [car(0.25)] }, events: { events: [{ label: "stop", index: 2 }] } },
    3: { events: { events: [{ label: "stop", index: 2 }] } },
  },
  events: { events: [{ label: "shot", support: { ranges: "1-2" } }, { label: "shot", support: { ranges: [[3, 10]] } }, { label: "rain", support: { ranges: "2-9" }, confidence: 0.5 }] },
};

test("boxes are found by frame, in any order of the file", () => {
  const labels = read(FRAMEWISE);
  assert.deepEqual([1, 2, 3, 10, 0, 11].map((frame) => labels.boxesIn(frame)), [[0, 1], [1, 2], [2, 2], [2, 4], [0, 0], [0, 0]]);
  assert.deepEqual([...labels.edgesOf(1)], [0.25, 0.5, 0.5, 0.75]);
  assert.deepEqual([labels.texts[labels.boxes.text[0]], labels.textAt(1)], ["speed: 12.35", "lux: 3 (50%)"]);
});

test("a result opens at the first frame in which something was found", () => {
  const events = { events: { events: [{ label: "shot", support: { ranges: "4-9" } }] } };
  assert.equal(read({ frames: { 7: { objects: { objects: [car(0.5)] } } } }).firstFound, 7);
  assert.equal(read({ ...events, frames: { 7: { objects: { objects: [car(0.5)] } } } }).firstFound, 4);
  assert.equal(read({ frames: {} }).firstFound, 1);
});

test("the best pictures show each track once where it is clearest, and as many labels as possible", () => {
  const cars = Array.from({ length: 20 }, (_, index) => car(0.5, { index, confidence: 0.9 }));
  const small = { label: "dog", index: 1, bounding_box: box(0, 0, 0.01), confidence: 0.9 };
  const large = { label: "dog", index: 1, bounding_box: box(0, 0, 0.5), confidence: 0.8 };
  const best = bestOf(read({ frames: { 1: { objects: { objects: [...cars, small] } }, 5: { objects: { objects: [large] } } } }), 5);

  assert.equal(best.length, 10);
  const dogs = best.filter(({ title }) => title.startsWith("dog"));
  assert.deepEqual(dogs.map(({ frame, title, edges }) => [frame, title, [...edges]]), [[5, "dog 1", [0, 0, 0.5, 0.5]]]);
});

test("the best pictures of boxes without tracks are spread over the video, and those of events show whole frames", () => {
  const face = { label: "face", bounding_box: box(0, 0), confidence: 0.5 };
  const frames = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [index + 1, { objects: { objects: [face] } }]));
  const faces = bestOf(read({ frames }), 100);
  const [shot] = bestOf(read({ events: { events: [{ label: "shot", index: 1, support: { ranges: "11-21" } }] } }), 30);

  assert.equal(faces.length, 10);
  assert.ok(faces.at(-1).frame >= 89);
  assert.deepEqual(shot, { frame: 16, edges: [0, 0, 1, 1], title: "shot 1", track: null });
});

test("a track has one label and index; a long gap splits its ranges", () => {
  const labels = read(FRAMEWISE);
  assert.equal(labels.tracks.length, 1);
  assert.deepEqual([labels.titleOfTrack(0), labels.tracks[0].first, labels.tracks[0].last, labels.tracks[0].count], ["car 7", 1, 10, 3]);
  assert.deepEqual(labels.rangesOfTrack(0), [[1, 2], [10, 10]]);
  assert.deepEqual([...labels.boxesOfTrack(0)], [0, 1, 2]);
});

test("events have ranges, or are listed in frames", () => {
  const labels = read(FRAMEWISE);
  const seen = (frame) => labels.eventsAt(frame).map((event) => labels.titleOfEvent(event)).sort();
  assert.deepEqual([seen(1), seen(2), seen(10)], [["shot"], ["rain", "shot", "stop 2"], ["shot"]]);
});

test("frames of an object inherit its label, index, confidence and attributes", () => {
  const labels = read({
    objects: {
      objects: [
        { label: "person", index: 3, confidence: 0.5, attrs: { attrs: [{ name: "hat", value: true }] }, frames: { 2: { bounding_box: box(0, 0) }, 1: { bounding_box: box(0, 0), confidence: 1 } } },
        { label: "person", frames: { 5: { bounding_box: box(0, 0) } } },
      ],
    },
  });
  assert.deepEqual([...labels.boxes.frame], [1, 2, 5]);
  assert.deepEqual([...labels.boxes.confidence].slice(0, 2), [1, 0.5]);
  assert.equal(labels.texts[labels.boxes.text[1]], "hat: true");
  assert.deepEqual([labels.titleOfTrack(0), labels.titleOfTrack(1)], ["person 3", "person"]);
});

test("labels of an image belong to frame 1", () => {
  const labels = read({ filename: "a.png", objects: { objects: [{ label: "cat", bounding_box: box(0, 0) }] }, keypoints: { keypoints: [{ label: "eye", points: [[0.5, 0.5]] }] } });
  assert.deepEqual([labels.boxesIn(1), labels.shapesAt(1).length, labels.isLabels], [[0, 1], 1, true]);
});

test("an empty document is labels, other JSON is not", () => {
  assert.deepEqual([read({}).isLabels, read({}).isEmpty], [true, true]);
  assert.equal(packedOf({ rows: [1, 2], title: "a report" }).isLabels, false);
});

test("malformed labels are read as far as possible", () => {
  const labels = read({ frames: { 0: { objects: { objects: [car(0)] } }, x: {}, 4: null, 5: { objects: { objects: [null, { label: 5 }, car(0, { index: "a", label: null })] } } }, objects: { objects: [null, {}] }, events: { events: [null, { label: "no support" }] } });
  assert.equal(labels.boxCount, 1);
  assert.equal(labels.nameOf(labels.boxes.label[0]), "object");
});

test("boxes are filtered by label and confidence; those without confidence stay", () => {
  const labels = read({ frames: { 1: { objects: { objects: [car(0), { label: "dog", bounding_box: box(0, 0) }, car(0, { confidence: 0.1 })] } } } });
  const shown = (choice) => [0, 1, 2].filter(boxFilter(labels, { hidden: new Set(), threshold: 0, ...choice }));
  assert.deepEqual([shown({}), shown({ threshold: 0.5 }), shown({ hidden: new Set([labels.labels.indexOf("car")]) })], [[0, 1, 2], [0, 1], [1]]);
});

test("the next and the previous frame with a box are found", () => {
  const labels = read(FRAMEWISE);
  const all = () => true;
  assert.deepEqual([frameWithBoxes(labels, 2, 1, all), frameWithBoxes(labels, 10, -1, all), frameWithBoxes(labels, 10, 1, all), frameWithBoxes(labels, 1, -1, all)], [10, 2, null, null]);
  assert.equal(frameWithBoxes(labels, 1, 1, all, 0), 2);
  assert.equal(frameWithBoxes(labels, 1, 1, (id) => labels.boxes.track[id] < 0), 10);
});

test("the smallest box at a position is returned", () => {
  const labels = read(FRAMEWISE);
  const all = () => true;
  assert.deepEqual([boxAt(labels, 10, 0.6, 0.6, all), boxAt(labels, 10, 0.1, 0.1, all), boxAt(labels, 10, 0.99, 0.99, all)], [2, 3, null]);
});

test("lanes are events, then labels with their tracks; overlapping events have separate lanes", () => {
  const labels = read(FRAMEWISE);
  const titles = (lanes) => lanes.map(({ kind, title, segments }) => [kind, title, segments().length]);
  assert.deepEqual(titles(lanesOf(labels, () => false)), [
    ["event", "rain", 1],
    ["event", "shot", 2],
    ["event", "stop", 1],
    ["label", "car", 2],
    ["track", "car 7", 2],
    ["label", "dog", 1],
  ]);
  assert.equal(lanesOf(labels, () => true).length, 5);
  assert.equal(lanesOf(labels, () => false, new Set([labels.labels.indexOf("car")])).length, 4);
  assert.equal(firstSegmentAt([{ last: 2 }, { last: 5 }, { last: 9 }], 5), 1);
});

test("objects are counted per frame", () => {
  const labels = read(FRAMEWISE);
  assert.deepEqual([...countsOf(labels, labels.labels.indexOf("car"), 10)], [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual([...downsampleMax([1, 5, 2, 0, 0, 3], 3)], [5, 2, 3]);
});

test("ranges are parsed from text and lists, and joined over gaps", () => {
  assert.deepEqual(rangesOf({ ranges: "1-3,6,8-10" }), [[1, 3], [6, 6], [8, 10]]);
  assert.deepEqual(rangesOf({ ranges: [[1, 3], [0, 2], [5, 4]] }), [[1, 3]]);
  assert.deepEqual(rangesOf(undefined), []);
  assert.deepEqual(toRanges([1, 2, 5, 6, 20], 3), [[1, 6], [20, 20]]);
});

test("byte ranges of frames are recorded", () => {
  const packed = packedOf(FRAMEWISE);
  const text = JSON.stringify(FRAMEWISE);
  const [first] = packed.byteRanges.frames;
  assert.deepEqual([first, JSON.parse(text.slice(packed.byteRanges.starts[0], packed.byteRanges.ends[0]))], [1, FRAMEWISE.frames[1]]);
});

test("masks are decoded in both memory orders", async () => {
  const mask = await decodedMask("eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGmjoKtQpkAy4GRgYgAAAckBu5");
  assert.deepEqual([mask.width, mask.height, mask.at(0, 0), mask.at(0, 1), mask.at(1, 2)], [3, 2, 0, 1, 0]);
  const wide = await decodedMask(npy("<i8", true, new BigInt64Array([1n, 2n, 3n, 4n, 5n, 6n])));
  assert.deepEqual([wide.at(0, 1), wide.at(1, 0)], [3, 2]);
});

test("an invalid mask is rejected", async () => {
  await assert.rejects(decodedMask("not a mask"));
  await assert.rejects(decodedMask(deflateSync(Buffer.from("not an NPY file")).toString("base64")), /not an NPY/);
  await assert.rejects(decodedMask(npy("|O", false, new Uint8Array(6))), /cannot be shown/);
});

function npy(kind, isByColumn, values) {
  const header = `{'descr': '${kind}', 'fortran_order': ${isByColumn ? "True" : "False"}, 'shape': (2, 3), }`.padEnd(117) + "\n";
  const head = Buffer.from([0x93, 78, 85, 77, 80, 89, 1, 0, header.length, 0]);
  return deflateSync(Buffer.concat([head, Buffer.from(header), Buffer.from(values.buffer)])).toString("base64");
}
