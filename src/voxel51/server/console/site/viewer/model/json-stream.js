/**
 * A streaming JSON parser for labels files. It emits each entry of `frames`, and each item of the lists in `objects` and
 * `events`, as soon as its bytes have arrived; so a file of any size needs the memory of its largest entry only.
 *
 * It works on bytes: the structural characters of JSON are ASCII, and bytes of multi-byte UTF-8 characters are never equal
 * to them. The scanner only finds where an entry ends, by counting brackets outside of strings; `JSON.parse` does the rest.
 */

const [QUOTE, BACKSLASH, COMMA, COLON] = [34, 92, 44, 58];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [91, 93, 123, 125];

/** The text is not a JSON object. */
export class NotAnObject extends Error {}

/**
 * @param {(path: string[], value, start: number, end: number) => void} emit called with each entry: its path (names; items
 *   of lists have none), its value, and its byte range in the file
 * @returns {{feed: (bytes: Uint8Array) => void, end: () => void}}
 * @throws {NotAnObject} by `feed` and `end`
 */
export function jsonStream(emit) {
  const decoder = new TextDecoder();
  const path = []; // names of the entered objects and lists; the outermost object has none
  const closers = []; // the closing bracket of each of them
  let state = "begin"; // begin, name, colon, value, after, over
  let position = 0; // offset of the current chunk in the file
  let name = null;
  let held = []; // bytes of the current piece from earlier chunks
  let piece = null; // the name or value that is being scanned: {start, depth, isName, isText, isEscaped}

  function feed(bytes) {
    let at = 0;
    while (at < bytes.length) at = piece ? scan(bytes, at) : step(bytes, at);
    if (piece) held.push(bytes.slice(Math.max(0, piece.start - position)));
    position += bytes.length;
  }

  /** Handle one structural character; returns the position after it. */
  function step(bytes, at) {
    const sign = bytes[at];
    if (sign === 32 || (sign >= 9 && sign <= 13)) return at + 1;
    if (state === "begin") {
      if (sign !== OPEN) throw new NotAnObject("it does not start with {");
      return enter(CLOSE, at);
    }
    if (state === "colon" && sign === COLON) return move("value", at);
    if (state === "after" && sign === COMMA) return move(closers.at(-1) === CLOSE ? "name" : "value", at);
    if (sign === closers.at(-1) && state !== "colon") return leave(at);
    if (state === "name" && sign === QUOTE) return begin(at, true);
    if (state === "value") {
      // In ASCII each closing bracket comes two after its opening one.
      if (sign === (path.length === 1 && path[0] === name ? OPEN_LIST : OPEN) && isContainer()) return enter(sign + 2, at);
      return begin(at, false);
    }
    throw new NotAnObject(`unexpected ${JSON.stringify(String.fromCharCode(sign))} at byte ${position + at}`);
  }

  /** Whether the coming value is one whose entries are emitted: `frames`, or the lists `objects.objects` and `events.events`. */
  function isContainer() {
    if (path.length === 0) return closers.length === 1 && (name === "frames" || name === "objects" || name === "events");
    return path.length === 1 && path[0] !== "frames" && name === path[0];
  }

  function enter(close, at) {
    if (closers.length) path.push(name);
    closers.push(close);
    return move(close === CLOSE ? "name" : "value", at);
  }

  function leave(at) {
    closers.pop();
    path.pop();
    return move(closers.length ? "after" : "over", at);
  }

  function move(next, at) {
    state = next;
    return at + 1;
  }

  function begin(at, isName) {
    piece = { start: position + at, depth: 0, isName, isText: false, isEscaped: false };
    return at;
  }

  /** Scan on in the current piece; returns the position of its end, or the end of the chunk. */
  function scan(bytes, at) {
    for (let index = at; index < bytes.length; index += 1) {
      const sign = bytes[index];
      if (piece.isText) {
        if (piece.isEscaped) piece.isEscaped = false;
        else if (sign === BACKSLASH) piece.isEscaped = true;
        else if (sign === QUOTE) {
          piece.isText = false;
          if (piece.depth === 0) return finish(bytes, index + 1);
        }
      } else if (sign === QUOTE) piece.isText = true;
      else if (sign === OPEN || sign === OPEN_LIST) piece.depth += 1;
      else if (sign === CLOSE || sign === CLOSE_LIST) {
        if (piece.depth === 0) return finish(bytes, index);
        piece.depth -= 1;
        if (piece.depth === 0) return finish(bytes, index + 1);
      } else if (piece.depth === 0 && (sign === COMMA || sign <= 32)) return finish(bytes, index);
    }
    return bytes.length;
  }

  function finish(bytes, stop) {
    const { start, isName } = piece;
    const text = decoder.decode(withHeld(bytes.subarray(Math.max(0, start - position), stop)));
    const value = parsed(text, start);
    piece = null;
    if (isName) {
      name = value;
      state = "colon";
    } else {
      state = "after";
      emit(closers.at(-1) === CLOSE ? [...path, name] : path, value, start, position + stop);
    }
    return stop;
  }

  /** Return the held bytes of the piece followed by `last`. */
  function withHeld(last) {
    if (held.length === 0) return last;
    const parts = [...held, last];
    held = [];
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let filled = 0;
    for (const part of parts) {
      all.set(part, filled);
      filled += part.length;
    }
    return all;
  }

  function end() {
    if (state !== "over") throw new NotAnObject("it is incomplete");
  }

  return { feed, end };
}

function parsed(text, start) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NotAnObject(`at byte ${start}: ${error.message}`);
  }
}
