import assert from "node:assert/strict";
import { test } from "node:test";
import { frameIndex, steadyIndex } from "../../../src/voxel51/server/console/site/viewer/model/frame-index.js";

const VARIABLE = [0, 0.04, 0.08, 0.2, 0.21, 0.22, 0.5, 1.9, 1.905, 2.4];

test("every time within a frame maps to the frame, its seek time included", () => {
  const index = frameIndex({ times: VARIABLE, duration: 2.44 });
  for (let number = 1; number <= VARIABLE.length; number += 1) {
    assert.equal(index.at(index.seekTimeOf(number)), number);
    assert.equal(index.nearest(index.timeOf(number)), number);
    assert.equal(index.nearest(index.timeOf(number) + 0.0004), number);
    assert.equal(index.nearest(index.timeOf(number) - 0.0004), number);
  }
});

test("times outside of the video map to its first and last frame", () => {
  const index = frameIndex({ times: [3, 3.04, 3.08], duration: 3.12 });
  assert.deepEqual([index.at(0), index.nearest(0), index.at(99), index.nearest(99)], [1, 1, 3, 3]);
  assert.deepEqual([index.clamped(-4), index.clamped(Infinity), index.clamped(2.4)], [1, 3, 2]);
});

test("frames with equal times are one tick apart, as in the playable rendition", () => {
  const index = frameIndex({ times: [0, 0, 0.04], duration: 0.08 });
  assert.ok(index.timeOf(2) > index.timeOf(1));
  assert.equal(index.nearest(1 / 90_000), 2);
});

test("the seek time of a short frame is its middle", () => {
  assert.equal(frameIndex({ times: [0, 0.001] }).seekTimeOf(1), 0.0005);
  const withoutDuration = frameIndex({ times: [0, 0.5] });
  assert.ok(withoutDuration.seekTimeOf(2) > 0.5);
  assert.ok(withoutDuration.seekTimeOf(2) < withoutDuration.duration);
});

test("a steady index has frames of equal length", () => {
  const index = steadyIndex(50, 25, [640, 360]);
  assert.deepEqual([index.count, index.timeOf(26), index.duration, index.width], [50, 1, 2, 640]);
  assert.equal(steadyIndex(0, undefined).count, 1);
});
