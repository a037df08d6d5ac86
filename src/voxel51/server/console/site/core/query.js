/** Search query syntax of the API's lists: terms separated by commas, `field:text`, alternatives separated by `|`. */

/** Escape the characters of `text` that have a meaning in the syntax. */
export const escapeQuery = (text) => text.replace(/[\\,:|]/g, (sign) => `\\${sign}`);

/** A term that matches if `field` contains one of `texts`; empty without texts. */
export const term = (field, ...texts) => (texts.length ? `${field}:${texts.map(escapeQuery).join("|")}` : "");

/** Combine terms that must all match; empty ones are left out. */
export const allOf = (...terms) => terms.filter(Boolean).join(",");
