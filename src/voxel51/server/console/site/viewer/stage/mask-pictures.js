/** Masks as images in the colour of their object, decoded when they are first drawn; the latest are cached. */

import { colourOf } from "../model/colours.js";
import { decodedMask } from "../model/masks.js";

const MAX_CACHED = 200;

/** @param {() => void} onReady called when an image has been decoded, so that it can be drawn */
export function maskPictures(onReady) {
  const cache = new Map();
  return {
    /** Return the image of a mask, or null while it is decoded. Without `colour`, each number in the mask gets its own colour. */
    of(text, colour) {
      const key = `${colour} ${text}`;
      if (!cache.has(key)) {
        cache.set(key, null);
        if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value); // the oldest: a Map keeps the order of insertion
        decodedMask(text).then(
          (mask) => {
            cache.set(key, painted(mask, colour));
            onReady();
          },
          () => {}, // a mask that cannot be decoded is not drawn; the raw labels still show its text
        );
      }
      return cache.get(key) ?? null;
    },
  };
}

/** Paint a mask. Runs of equal numbers in a row are filled with one call, since masks have large uniform areas. */
function painted({ width, height, at }, colour) {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  const pen = canvas.getContext("2d");
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; ) {
      const value = at(row, column);
      let end = column + 1;
      while (end < width && at(row, end) === value) end += 1;
      if (value) {
        pen.fillStyle = colour ?? colourOf(value);
        pen.fillRect(column, row, end - column, 1);
      }
      column = end;
    }
  }
  return canvas;
}
