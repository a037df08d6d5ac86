/** Arrays of numbers that grow, with a fraction of the memory of lists. */

const FIRST_LENGTH = 1024;

/** @param {Function} Kind such as `Float32Array` */
export function growing(Kind) {
  let array = new Kind(FIRST_LENGTH);
  let length = 0;
  return {
    push(value) {
      if (length === array.length) {
        const larger = new Kind(length * 2);
        larger.set(array);
        array = larger;
      }
      array[length] = value;
      length += 1;
    },
    get length() {
      return length;
    },
    /** What is in it, in the given order of positions where there is one. */
    taken(order) {
      if (!order) return array.slice(0, length);
      const taken = new Kind(length);
      for (let place = 0; place < length; place += 1) taken[place] = array[order[place]];
      return taken;
    },
  };
}

/** Texts by number; the same text has the same number, and number 0 is none. */
export function numberedTexts() {
  const numbers = new Map([["", 0]]);
  const texts = [""];
  return {
    texts,
    numberOf(text) {
      let number = numbers.get(text);
      if (number === undefined) {
        number = texts.push(text) - 1;
        numbers.set(text, number);
      }
      return number;
    },
  };
}

/**
 * The positions of `values` (whole numbers up to `most`) in rising order, those of the same value in the order they came;
 * `offsets[v]` is where those of `v` begin.
 */
export function ordered(values, count, most) {
  const offsets = new Uint32Array(most + 2);
  for (let position = 0; position < count; position += 1) offsets[values[position] + 1] += 1;
  for (let value = 1; value < offsets.length; value += 1) offsets[value] += offsets[value - 1];
  const next = offsets.slice();
  const order = new Uint32Array(count);
  for (let position = 0; position < count; position += 1) {
    order[next[values[position]]] = position;
    next[values[position]] += 1;
  }
  return { offsets, order };
}
