/** What is searched for, as it stands in the page's address and is asked of the platform. */

export const MOST_LABELS = 5;
export const PAGE = 12;

/** What the query of an address asks for. */
export function readWanted(query) {
  return {
    labels: labelsOf(query.get("labels") ?? "").slice(0, MOST_LABELS),
    text: query.get("text") ?? "",
    longerThan: amount(query.get("longer_than"), 1e9),
    confidence: amount(query.get("confidence"), 1),
    together: query.get("together") === "true",
    analytic: query.get("analytic") ?? "",
    page: Math.max(1, Math.floor(Number(query.get("page"))) || 1),
  };
}

/** The same as a query of an address; what is left out is null. */
export function writeWanted({ labels, text, longerThan, confidence, together, analytic, page }) {
  return {
    labels: labels.map((label) => label.replace(/[\\,]/g, (sign) => `\\${sign}`)).join(",") || null,
    text: text || null,
    longer_than: longerThan || null,
    confidence: confidence || null,
    together: together && labels.length > 1 ? "true" : null,
    analytic: analytic || null,
    page: page > 1 ? page : null,
  };
}

/** Whether there is anything to look for. */
export const isAnything = ({ labels, text }) => labels.length > 0 || text !== "";

/** The frames of a match to look at first: where all are at once, or where the first label is. */
export function firstFrame({ together, found }, isTogether) {
  if (isTogether && together.length) return together[0][0];
  const firsts = Object.values(found).flatMap(({ ranges }) => (ranges.length ? [ranges[0][0]] : []));
  return firsts.length ? Math.min(...firsts) : 1;
}

function labelsOf(text) {
  const found = text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? [];
  const labels = found.map((label) => label.trim().replace(/\\([\\,])/g, "$1")).filter(Boolean);
  return [...new Set(labels)];
}

function amount(text, most) {
  const number = Number(text);
  return number > 0 && number <= most ? number : 0;
}
