/** The list of all reviews: the versions of the labels of all jobs, the newest first. */

import { get } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { count } from "../../../core/format.js";
import { emptyState, heading, timeAgo } from "../../../parts/elements.js";
import { loaded } from "../../../parts/load.js";
import { changesText, reviewPage } from "./versions.js";

export function page() {
  return [
    heading("Reviews", h("a.button", { href: "/jobs/accuracy" }, "Accuracy")),
    loaded(
      async (signal) => (await get("/reviews", {}, { signal })).reviews,
      (reviews) => (reviews.length ? table(reviews) : emptyState("No reviews yet", "Versions of labels that you have corrected appear here. Open the result of a job, and choose Review.", h("a.button", { href: "/jobs" }, "Jobs"))),
    ),
  ];
}

const NUMBERS = new Set(["Version", "Accepted", "Undecided"]);

function table(reviews) {
  const head = ["Labels", "Version", "Analytic", "Reviewer", "Changes", "Accepted", "Undecided", "Saved"];
  return h(
    "div.scrolled",
    { tabindex: "0", role: "region", "aria-label": "Reviews" },
    h("table", {}, h("caption.visually-hidden", {}, "Reviews"), h("thead", {}, h("tr", {}, head.map((title) => h(NUMBERS.has(title) ? "th.number" : "th", { scope: "col" }, title)))), h("tbody", {}, reviews.map(row))),
  );
}

function row(review) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: reviewPage(review.job_id, review.version) }, review.job_name)),
    h("td.number", {}, String(review.version)),
    h("td", {}, `${review.analytic} ${review.analytic_version}`),
    h("td", {}, review.reviewer),
    h("td", {}, changesText(review), review.note && h("p.muted", {}, review.note)),
    h("td.number", {}, count(review.accepted)),
    h("td.number", {}, count(review.undecided)),
    h("td", {}, timeAgo(review.created_at)),
  );
}
