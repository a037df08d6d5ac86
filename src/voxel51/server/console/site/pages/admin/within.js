/** Search, order and pages of lists that the platform tells as a whole. */

const compared = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * The page of `all` that a listing (see `parts/listing.js`) asked for: those with the searched text in one of `fields`.
 */
export function within(all, fields, { search, sort, offset, limit }) {
  const wanted = search.toLowerCase();
  const found = all.filter((each) => fields.some((name) => String(each[name] ?? "").toLowerCase().includes(wanted)));
  const [by, direction] = sort.split(":");
  if (by) found.sort((one, other) => (direction === "desc" ? -1 : 1) * compared.compare(String(one[by]), String(other[by])));
  return { rows: found.slice(offset, offset + limit), count: found.length };
}
