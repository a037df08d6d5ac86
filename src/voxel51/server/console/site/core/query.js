/** The query language of lists (see /docs): terms joined by commas, `field:text`, alternatives by `|`. */

/** `text` with everything that means something to the query language escaped. */
export const escaped = (text) => text.replace(/[\\,:|]/g, (sign) => `\\${sign}`);

/** A term that `field` contains one of `texts`; empty where there are none. */
export const term = (field, ...texts) => (texts.length ? `${field}:${texts.map(escaped).join("|")}` : "");

/** Terms that must all match. */
export const all = (...terms) => terms.filter(Boolean).join(",");
