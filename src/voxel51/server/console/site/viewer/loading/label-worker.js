/** Web worker that parses labels and returns them packed: it receives chunks of a file, or replies with partial labels. */

import { labelBuilder } from "../model/label-builder.js";
import { jsonStream } from "../model/json-stream.js";

let builder = labelBuilder();
const stream = jsonStream((...entry) => builder.add(...entry));

self.onmessage = ({ data }) => {
  try {
    if (data.reply) addReply(JSON.parse(new TextDecoder().decode(data.reply)));
    else addChunk(data);
  } catch (error) {
    self.postMessage({ failure: error.message });
  }
};

function addChunk({ chunk, isLast }) {
  if (chunk) stream.feed(chunk);
  if (isLast) {
    stream.end();
    post(builder.packed());
  } else self.postMessage({ isReady: true });
}

/** Add the parts of a `voxel51.wire.partial.PartialLabels`. */
function addReply({ parts, cursor, is_restarted: isRestarted, has_more: hasMore }) {
  if (isRestarted) builder = labelBuilder();
  parts.forEach(addPart);
  const isChanged = isRestarted || parts.length > 0;
  post(isChanged && !hasMore ? builder.packed() : null, { cursor, hasMore });
}

function addPart({ frames, events }) {
  for (const [number, frame] of Object.entries(frames ?? {})) builder.add(["frames", number], frame, 0, 0);
  for (const event of events?.events ?? []) builder.add(["events", "events"], event);
}

/** Post packed labels; their arrays are transferred, not copied. */
function post(packed, more = {}) {
  const arrays = packed ? [...Object.values(packed.boxes), ...Object.values(packed.byteRanges), packed.offsets] : [];
  self.postMessage({ packed, ...more }, arrays.map(({ buffer }) => buffer));
}
