/** Masks as pictures in the colour of their thing. They are decoded when they are first seen, and the latest are kept. */

import { colourOfTrack } from "../model/colours.js";
import { decodedMask } from "../model/masks.js";

const MOST_KEPT = 200;

/** @param {() => void} onReady called when a picture has come */
export function maskPictures(onReady) {
  const kept = new Map();
  return {
    /** The picture of a mask; null while it is not there. Without a `colour` each of its numbers has one of its own. */
    of(text, colour) {
      const key = `${colour} ${text}`;
      if (!kept.has(key)) {
        kept.set(key, null);
        if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
        decodedMask(text).then(
          (mask) => {
            kept.set(key, painted(mask, colour));
            onReady();
          },
          () => {}, // a mask that cannot be read is not drawn; what the file says of it stands among the raw labels
        );
      }
      return kept.get(key) ?? null;
    },
  };
}

function painted({ width, height, at }, colour) {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  const pen = canvas.getContext("2d");
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; ) {
      const value = at(row, column);
      let end = column + 1;
      while (end < width && at(row, end) === value) end += 1;
      if (value) {
        pen.fillStyle = colour ?? colourOfTrack(value);
        pen.fillRect(column, row, end - column, 1);
      }
      column = end;
    }
  }
  return canvas;
}
