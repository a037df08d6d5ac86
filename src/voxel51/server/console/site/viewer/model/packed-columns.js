/** Packed columns: growing typed arrays, string tables and counting sort, in a fraction of the memory of objects. */

const FIRST_LENGTH = 1024;

/** A typed array that grows by doubling. @param {Function} Type such as `Float32Array` */
export function growingArray(Type) {
  let array = new Type(FIRST_LENGTH);
  let length = 0;
  return {
    push(value) {
      if (length === array.length) {
        const larger = new Type(length * 2);
        larger.set(array);
        array = larger;
      }
      array[length] = value;
      length += 1;
    },
    get length() {
      return length;
    },
    /** Return the values, in the given order of positions if there is one. */
    values(order) {
      if (!order) return array.slice(0, length);
      const values = new Type(length);
      for (let position = 0; position < length; position += 1) values[position] = array[order[position]];
      return values;
    },
  };
}

/** A table of strings: equal strings get the same number; number 0 is the empty string. */
export function stringTable() {
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
 * Stable counting sort: return the `order` of positions by ascending value (whole numbers from 0 to `max`), and `offsets`,
 * where the positions of value `v` are `order[offsets[v]]` up to `order[offsets[v + 1]]`.
 */
export function countingSort(values, count, max) {
  const offsets = new Uint32Array(max + 2);
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
