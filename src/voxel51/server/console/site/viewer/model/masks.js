/** Decoder of masks: base64 text of a zlib-compressed NPY file (NumPy array). */

const MAX_PIXELS = 64_000_000;
const ARRAYS = { "|b1": Uint8Array, "|u1": Uint8Array, "|i1": Int8Array, "<u2": Uint16Array, "<i2": Int16Array, "<u4": Uint32Array, "<i4": Int32Array };
const WIDE = { "<i8": 8, "<u8": 8 }; // 64-bit integers, of which the lower half is read

/**
 * @returns {Promise<{width, height, at: (row, column) => number}>}
 * @throws {Error} if it is not a mask, or too large to be shown
 */
export async function decodedMask(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return npy(await unpacked(packed));
}

async function unpacked(packed) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (size > MAX_PIXELS * 8) throw new Error("The mask is too large to be shown"); // a small text may decompress to gigabytes
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Parse an NPY file: magic, version, length of the header (2 or 4 bytes), header as a Python dict, data. */
function npy(bytes) {
  if (String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY") throw new Error("The mask is not an NPY file");
  const isLong = bytes[6] > 1;
  const view = new DataView(bytes.buffer);
  const start = (isLong ? 12 : 10) + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, start));
  const kind = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const [height, width] = (/'shape':\s*\((\d+),\s*(\d+)\)/.exec(header) ?? []).slice(1).map(Number);
  if (!(width * height <= MAX_PIXELS) || !(ARRAYS[kind] || WIDE[kind])) throw new Error(`Masks of type ${kind} cannot be shown`);
  const isByColumn = /'fortran_order':\s*True/.test(header);
  const value = reader(kind, bytes.slice(start).buffer);
  return { width, height, at: isByColumn ? (row, column) => value(column * height + row) : (row, column) => value(row * width + column) };
}

function reader(kind, buffer) {
  if (WIDE[kind]) {
    const halves = new Uint32Array(buffer, 0, (buffer.byteLength >> 3) << 1);
    return (position) => halves[2 * position];
  }
  const Kind = ARRAYS[kind];
  const array = new Kind(buffer, 0, Math.floor(buffer.byteLength / Kind.BYTES_PER_ELEMENT));
  return (position) => array[position];
}
