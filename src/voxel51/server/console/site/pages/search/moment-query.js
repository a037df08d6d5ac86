/** Criteria of moments, and their form in the URL of the page, which is also the query of `GET /labels/moments`. */

import { MAX_LABELS, joinLabels, positiveNumber, splitLabels } from "./search-query.js";

export const SORTS = [
  ["best", "Best first"],
  ["longest", "Longest first"],
  ["time", "By video and time"],
];

export const EACH = [
  ["track", "Each object"],
  ["moment", "Objects at the same time together"],
];

const SET = ["collection", "batch", "parameter_set", "search"];
const MOST_SECONDS = 1e9;
const POINT = /^(0(\.\d+)?|1(\.0+)?),(0(\.\d+)?|1(\.0+)?)$/;
const [LEAST_POINTS, MOST_POINTS] = [3, 50];

/** Parse the query of a URL; parameters that make no sense get their defaults. Sizes are percentages of the frame. */
export function momentCriteria(query) {
  const sort = query.get("sort");
  return {
    labels: splitLabels(query.get("labels") ?? "").slice(0, MAX_LABELS),
    together: query.get("together") === "true",
    each: query.get("each") === "moment" ? "moment" : "track",
    confidence: positiveNumber(query.get("confidence"), 1),
    largerThan: positiveNumber(query.get("larger_than"), 1) * 100,
    smallerThan: positiveNumber(query.get("smaller_than"), 1) * 100,
    longerThan: positiveNumber(query.get("longer_than"), MOST_SECONDS),
    shorterThan: positiveNumber(query.get("shorter_than"), MOST_SECONDS),
    zone: pointsOf(query.get("zone") ?? ""),
    analytic: query.get("analytic") ?? "",
    sort: SORTS.some(([name]) => name === sort) ? sort : "best",
    set: Object.fromEntries(SET.filter((name) => query.get(name)).map((name) => [name, query.get(name)])),
  };
}

/** Return the parameters of a query; null for those that are left out. */
export function momentQuery({ labels, together, each, confidence, largerThan, smallerThan, longerThan, shorterThan, zone, analytic, sort, set }) {
  return {
    labels: joinLabels(labels) || null,
    together: together && labels.length > 1 ? "true" : null,
    each,
    confidence: confidence || null,
    larger_than: share(largerThan),
    smaller_than: share(smallerThan),
    longer_than: longerThan || null,
    shorter_than: shorterThan || null,
    zone: zone.map((point) => point.join(",")).join(";") || null,
    analytic: analytic || null,
    sort: sort === "best" ? null : sort,
    ...Object.fromEntries(SET.map((name) => [name, set[name] ?? null])),
  };
}

/** The page with the moments of a set of videos: `collection`, `batch` or `search`; of all videos if that is empty. */
export const momentsPage = (set = {}) => `/search/moments?${new URLSearchParams(set)}`;

const share = (percent) => (percent ? Math.round(percent * 1e6) / 1e8 : null);

function pointsOf(text) {
  const points = text.split(";");
  const isZone = points.length >= LEAST_POINTS && points.length <= MOST_POINTS && points.every((point) => POINT.test(point));
  return isZone ? points.map((point) => point.split(",").map(Number)) : [];
}
