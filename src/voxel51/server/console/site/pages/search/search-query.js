/** Search criteria, and their form in the URL of the page, which is also the query of `GET /labels`. */

export const MAX_LABELS = 5;
export const PAGE_SIZE = 12;

/** Parse the query of a URL; parameters that make no sense get their defaults. */
export function criteriaFromQuery(query) {
  return {
    labels: splitLabels(query.get("labels") ?? "").slice(0, MAX_LABELS),
    text: query.get("text") ?? "",
    longerThan: positiveNumber(query.get("longer_than"), 1e9),
    confidence: positiveNumber(query.get("confidence"), 1),
    together: query.get("together") === "true",
    analytic: query.get("analytic") ?? "",
    page: Math.max(1, Math.floor(Number(query.get("page"))) || 1),
  };
}

/** Return the parameters of a query; null for those that are left out. */
export function criteriaToQuery({ labels, text, longerThan, confidence, together, analytic, page }) {
  return {
    labels: joinLabels(labels) || null,
    text: text || null,
    longer_than: longerThan || null,
    confidence: confidence || null,
    together: together && labels.length > 1 ? "true" : null,
    analytic: analytic || null,
    page: page > 1 ? page : null,
  };
}

/** Return whether the criteria name a label or a text; the platform needs one of them. */
export const hasCriteria = ({ labels, text }) => labels.length > 0 || text !== "";

/** Return the frame of a match to show first: the first with all labels, or the first with any of them. */
export function firstFrame({ together, found }, isTogether) {
  if (isTogether && together.length) return together[0][0];
  const firsts = Object.values(found).flatMap(({ ranges }) => (ranges.length ? [ranges[0][0]] : []));
  return firsts.length ? Math.min(...firsts) : 1;
}

/** Join labels by commas, with a backslash before those that are in a label. */
export const joinLabels = (labels) => labels.map((label) => label.replace(/[\\,]/g, (sign) => `\\${sign}`)).join(",");

/** Split at commas, except those after a backslash. */
export function splitLabels(text) {
  const found = text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? [];
  const labels = found.map((label) => label.trim().replace(/\\([\\,])/g, "$1")).filter(Boolean);
  return [...new Set(labels)];
}

/** Return the number in a text; 0 unless it is positive and at most `max`. */
export function positiveNumber(text, max) {
  const number = Number(text);
  return number > 0 && number <= max ? number : 0;
}
