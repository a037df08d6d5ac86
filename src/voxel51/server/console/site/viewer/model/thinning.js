/** Long rows of numbers made short enough to be drawn. */

/** At most `most` numbers: the greatest of each of as many parts of equal length. */
export function mostOfEach(values, most) {
  if (values.length <= most) return values;
  return Uint32Array.from({ length: most }, (_, part) => {
    let greatest = 0;
    const end = Math.floor(((part + 1) * values.length) / most);
    for (let position = Math.floor((part * values.length) / most); position < end; position += 1) greatest = Math.max(greatest, values[position]);
    return greatest;
  });
}
