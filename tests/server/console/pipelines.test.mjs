/** Tests of the layout of pipelines. */

import assert from "node:assert/strict";
import { test } from "node:test";

const PAGES = "../../../src/voxel51/server/console/site/pages";
const { orderedSteps, placed } = await import(`${PAGES}/jobs/pipelines/graph.js`);

test("a step is in the layer after the last of those that it needs", () => {
  const steps = [
    { name: "shots", needs: [] },
    { name: "best", needs: ["shots"] },
    { name: "text", needs: ["best", "shots"] },
    { name: "faces", needs: ["best"] },
    { name: "alone", needs: [] },
  ];
  const found = Object.fromEntries(placed(steps).map(({ name, layer, place }) => [name, [layer, place]]));
  assert.deepEqual(found, { shots: [0, 0], best: [1, 0], text: [2, 0], faces: [2, 1], alone: [0, 1] });
});

test("steps of a document come after those that they need", () => {
  const step = (name, ...needs) => ({ name, inputs: Object.fromEntries([["video", { input: "video" }], ...needs.map((need) => [`from-${need}`, { step: need }])]) });
  const document = { steps: [step("text", "best"), step("best", "shots"), step("shots"), { name: "free" }] };
  assert.deepEqual(
    orderedSteps(document).map(({ name, needs }) => [name, needs]),
    [
      ["shots", []],
      ["best", ["shots"]],
      ["text", ["best"]],
      ["free", []],
    ],
  );
});
