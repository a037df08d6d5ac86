/** Tests of the differences of a comparison, and of CSV files of charts. */

import assert from "node:assert/strict";
import { test } from "node:test";

const SITE = "../../../src/voxel51/server/console/site";
const { differencesOf } = await import(`${SITE}/viewer/comparison/differences.js`);
const { csvOf } = await import(`${SITE}/pages/jobs/charts/csv.js`);

const document = {
  frames: [3, 8],
  removed: [1, 0],
  added: [0, 2],
  changed: [1, 0],
  first_boxes: [
    [3, "car", null, 1, 0.1, 0.1, 0.2, 0.2],
    [3, "car", "bus", 2, 0.3, 0.1, 0.4, 0.2],
  ],
  second_boxes: [
    [3, "bus", "car", 2, 0.3, 0.1, 0.4, 0.2],
    [8, "dog", null, null, 0.5, 0.5, 0.6, 0.6],
    [8, "dog", null, null, 0.7, 0.5, 0.8, 0.6],
  ],
  is_complete: true,
};

test("next difference is found in both directions", () => {
  const { next, positionOf } = differencesOf(document);
  assert.deepEqual([next(1, 1), next(3, 1), next(5, 1), next(8, 1)], [3, 8, 8, null]);
  assert.deepEqual([next(9, -1), next(8, -1), next(3, -1)], [8, 3, null]);
  assert.deepEqual([positionOf(3), positionOf(4), positionOf(8)], [1, 0, 2]);
});

test("a difference begins once, where its track begins to differ or differs again", () => {
  const box = [0.1, 0.1, 0.2, 0.2];
  const always = Array.from({ length: 40 }, (_, at) => at + 1);
  const parked = always.map((frame) => [frame, "car", null, 7, ...box]);
  const walker = [5, 6, 9, 30].map((frame) => [frame, "person", null, 1, ...box]); // 7 and 8 are a flicker, 10 to 29 are not
  const first = [...parked, ...walker].sort((one, other) => one[0] - other[0]);
  const { starts, next, positionOf, nearest } = differencesOf({ ...document, frames: [...always, 50, 51, 60], first_boxes: first, second_boxes: [], is_complete: false });
  assert.deepEqual(starts, [1, 5, 30, 50, 60]); // the boxes since 50 are not listed
  assert.deepEqual([next(1, 1), next(5, 1), next(29, -1)], [5, 30, 5]);
  assert.deepEqual([positionOf(4), positionOf(20), positionOf(45), positionOf(51)], [1, 2, 0, 4]);
  assert.deepEqual([nearest(44), nearest(47), nearest(70), nearest(6)], [40, 50, 60, 6]);
});

test("boxes of a frame have their kind", () => {
  const { boxesIn } = differencesOf(document);
  assert.deepEqual(boxesIn(0, 3).map(({ kind, other }) => [kind, other]), [["removed", null], ["changed", "bus"]]);
  assert.deepEqual(boxesIn(1, 8).map(({ kind, edges }) => [kind, edges[0]]), [["added", 0.5], ["added", 0.7]]);
  assert.deepEqual(boxesIn(0, 8), []);
});

test("CSV quotes separators and disarms formulas", () => {
  assert.equal(csvOf([["a,b", 'say "x"', -1], ["=1+1", "", 2.5]]), '"a,b","say ""x""",-1\r\n\'=1+1,,2.5\r\n');
});
