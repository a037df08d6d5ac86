/** Reads labels beside the page, which goes on meanwhile: chunks of the file come in, packed labels go out. */

import { labelBuilder } from "../model/label-builder.js";
import { jsonPieces } from "../model/json-pieces.js";

const builder = labelBuilder();
const pieces = jsonPieces(builder.add);

self.onmessage = ({ data }) => {
  try {
    if (data.chunk) pieces.feed(data.chunk);
    if (data.isLast) {
      pieces.end();
      const packed = builder.finish();
      const arrays = [...Object.values(packed.boxes), ...Object.values(packed.pieces), packed.offsets];
      self.postMessage({ packed }, arrays.map(({ buffer }) => buffer));
    } else self.postMessage({ isTaken: true });
  } catch (error) {
    self.postMessage({ failure: error.message });
  }
};
