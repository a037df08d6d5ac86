/** Web worker that parses labels: it receives chunks of the file and returns packed labels. */

import { labelBuilder } from "../model/label-builder.js";
import { jsonStream } from "../model/json-stream.js";

const builder = labelBuilder();
const stream = jsonStream(builder.add);

self.onmessage = ({ data }) => {
  try {
    if (data.chunk) stream.feed(data.chunk);
    if (data.isLast) {
      stream.end();
      const packed = builder.finish();
      const arrays = [...Object.values(packed.boxes), ...Object.values(packed.byteRanges), packed.offsets];
      self.postMessage({ packed }, arrays.map(({ buffer }) => buffer)); // transferred, not copied
    } else self.postMessage({ isReady: true });
  } catch (error) {
    self.postMessage({ failure: error.message });
  }
};
