/** CSV as spreadsheets read it. Nothing here uses the browser. */

/** Return rows of texts and numbers as CSV (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe. */
export const csvOf = (rows) => rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
