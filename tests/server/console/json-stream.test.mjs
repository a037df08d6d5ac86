import assert from "node:assert/strict";
import { test } from "node:test";
import { NotAnObject, jsonStream } from "../../../src/voxel51/server/console/site/viewer/model/json-stream.js";

const DOCUMENT = {
  filename: 'a "quoted", {odd} [name] \\ é 漢.mp4',
  metadata: { frame_rate: 25, list: [1, [2, { deep: "}" }]] },
  attrs: { attrs: [{ name: "a" }] },
  frames: { 1: { objects: { objects: [{ label: "]" }] } }, 12: {}, 3: { mask: "x".repeat(50) } },
  objects: { objects: [{ label: "one" }, { label: "two", frames: { 4: {} } }] },
  events: { events: [] },
  number: -1.5e3,
  nothing: null,
  truth: true,
};

function piecesOf(text, chunk) {
  const bytes = new TextEncoder().encode(text);
  const found = [];
  const stream = jsonStream((path, value, start, end) => {
    found.push([[...path].join("/"), value]);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes.subarray(start, end))), value);
  });
  for (let at = 0; at < bytes.length; at += chunk) stream.feed(bytes.slice(at, at + chunk));
  stream.end();
  return found;
}

const EXPECTED = [
  ["filename", DOCUMENT.filename],
  ["metadata", DOCUMENT.metadata],
  ["attrs", DOCUMENT.attrs],
  ["frames/1", DOCUMENT.frames[1]],
  ["frames/3", DOCUMENT.frames[3]],
  ["frames/12", DOCUMENT.frames[12]],
  ["objects/objects", DOCUMENT.objects.objects[0]],
  ["objects/objects", DOCUMENT.objects.objects[1]],
  ["number", -1500],
  ["nothing", null],
  ["truth", true],
];

test("entries do not depend on where chunks end", () => {
  for (const text of [JSON.stringify(DOCUMENT), JSON.stringify(DOCUMENT, null, 2)]) {
    for (let chunk = 1; chunk < 90; chunk += 1) assert.deepEqual(piecesOf(text, chunk), EXPECTED);
    assert.deepEqual(piecesOf(text, text.length), EXPECTED);
  }
});

test("containers of another type are emitted as a whole", () => {
  assert.deepEqual(piecesOf('{"frames": [1], "objects": 5, "events": {"other": {"a": 1}}}', 7), [
    ["frames", [1]],
    ["objects", 5],
    ["events/other", { a: 1 }],
  ]);
});

test("an empty object has no entries", () => assert.deepEqual(piecesOf(" {} \n", 1), []));

for (const text of ["", "[1]", "hello", '{"a": 1', '{"frames": {"1": {}', '{"a": nothing}', '{"a" 1}', '{"a": 1} x', '{"a": NaN}']) {
  test(`${JSON.stringify(text)} is rejected`, () => assert.throws(() => piecesOf(text, 3), NotAnObject));
}
