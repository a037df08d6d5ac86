/** Apply edits in the console's model of a review. Standard input has the cases: labels, and edits that may not fit. */

import { readFileSync } from "node:fs";

const SITE = "../../../src/voxel51/server/console/site/viewer";
const { labelBuilder } = await import(`${SITE}/model/label-builder.js`);
const { labelsOf } = await import(`${SITE}/model/labels.js`);
const { UnfitEdit, movedEdits, reviewed } = await import(`${SITE}/review/review-model.js`);

function readLabels({ frames }) {
  const builder = labelBuilder();
  for (const [number, frame] of Object.entries(frames ?? {})) builder.add(["frames", number], frame, 0, 0);
  return labelsOf(builder.packed());
}

function fits(base, edits) {
  try {
    reviewed(base, edits);
    return true;
  } catch (error) {
    if (!(error instanceof UnfitEdit)) throw error;
    return false;
  }
}

function outcome({ labels, edits }) {
  const base = readLabels(labels);
  const done = [];
  const verdicts = edits.map((edit) => {
    const isFit = fits(base, [...done, edit]);
    if (isFit) done.push(edit);
    return isFit;
  });
  const after = reviewed(base, done).labels;
  const boxes = (track) => Array.from(after.boxesOfTrack(track), (id) => [after.boxes.frame[id], Number(after.edgesOf(id)[0].toFixed(5))]);
  const tracks = after.tracks.map(({ index, label, isAccepted }, track) => [index, after.labels[label], isAccepted, boxes(track)]);
  const moved = movedEdits(after, done).fitting; // what fits must fit, also on labels that have these edits already
  return { verdicts, tracks: tracks.sort(([a], [b]) => a - b), movedFit: fits(after, moved) };
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(outcome)));
