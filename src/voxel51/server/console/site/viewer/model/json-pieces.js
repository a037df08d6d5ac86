/**
 * Taking a large JSON object apart while it arrives: what stands under `frames`, and the lists in `objects` and `events`,
 * comes piece by piece, so a file of any size takes the memory of its largest piece.
 */

const [QUOTE, BACKSLASH, COMMA, COLON] = [34, 92, 44, 58];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [91, 93, 123, 125];

/** The text is no JSON object. */
export class NoObject extends Error {}

/**
 * @param {(path: string[], value, start: number, end: number) => void} found called with each piece: where it stands
 *   (names, items of lists without one), what it is, and its bytes in the file
 * @returns {{feed: (bytes: Uint8Array) => void, end: () => void}}
 * @throws {NoObject} by `feed` and `end`
 */
export function jsonPieces(found) {
  const decoder = new TextDecoder();
  const path = []; // names of the objects and lists that were entered; the whole is entered without a name
  const kinds = []; // how each of them closes
  let state = "begin"; // begin, name, colon, value, after, over
  let position = 0; // of the present chunk in the file
  let name = null;
  let held = []; // parts of the present piece in earlier chunks
  let piece = null; // {start, depth, isText, isEscaped, isPlain}

  function feed(bytes) {
    let at = 0;
    while (at < bytes.length) at = piece ? goOn(bytes, at) : step(bytes, at);
    if (piece) held.push(bytes.slice(Math.max(0, piece.start - position)));
    position += bytes.length;
  }

  function step(bytes, at) {
    const sign = bytes[at];
    if (sign === 32 || (sign >= 9 && sign <= 13)) return at + 1;
    if (state === "begin") {
      if (sign !== OPEN) throw new NoObject("it does not begin with {");
      return enter(CLOSE, at);
    }
    if (state === "colon" && sign === COLON) return move("value", at);
    if (state === "after" && sign === COMMA) return move(kinds.at(-1) === CLOSE ? "name" : "value", at);
    if (sign === kinds.at(-1) && state !== "colon") return leave(at);
    if (state === "name" && sign === QUOTE) return begin(at, true);
    if (state === "value") {
      if (sign === (path.length === 1 && path[0] === name ? OPEN_LIST : OPEN) && isEntered()) return enter(sign + 2, at);
      return begin(at, false);
    }
    throw new NoObject(`unexpected ${JSON.stringify(String.fromCharCode(sign))} at byte ${position + at}`);
  }

  function isEntered() {
    if (path.length === 0) return kinds.length === 1 && (name === "frames" || name === "objects" || name === "events");
    return path.length === 1 && path[0] !== "frames" && name === path[0];
  }

  function enter(close, at) {
    if (kinds.length) path.push(name);
    kinds.push(close);
    return move(close === CLOSE ? "name" : "value", at);
  }

  function leave(at) {
    kinds.pop();
    path.pop();
    return move(kinds.length ? "after" : "over", at);
  }

  function move(next, at) {
    state = next;
    return at + 1;
  }

  function begin(at, isName) {
    piece = { start: position + at, depth: 0, isName, isText: false, isEscaped: false, isPlain: false };
    return at;
  }

  /** Read on in the present piece; returns where it ends, or the chunk does. */
  function goOn(bytes, at) {
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
    const text = decoder.decode(whole(bytes.subarray(Math.max(0, start - position), stop)));
    const value = parsed(text, start);
    piece = null;
    if (isName) {
      name = value;
      state = "colon";
    } else {
      state = "after";
      found(kinds.at(-1) === CLOSE ? [...path, name] : path, value, start, position + stop);
    }
    return stop;
  }

  function whole(last) {
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
    if (state !== "over") throw new NoObject("it ends too early");
  }

  return { feed, end };
}

function parsed(text, start) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NoObject(`at byte ${start}: ${error.message}`);
  }
}
