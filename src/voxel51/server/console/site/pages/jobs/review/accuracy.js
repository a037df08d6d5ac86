/** Accuracy: precision and recall of an analytic, by version and class, on the videos whose labels were reviewed. */

import { get, pause } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { count, percent } from "../../../core/format.js";
import { effect, signal, untracked } from "../../../core/reactive.js";
import { setQuery } from "../../../core/router.js";
import { emptyState, heading, progressBar } from "../../../parts/elements.js";
import { field, select } from "../../../parts/form.js";
import { loadError, loaded, resource } from "../../../parts/load.js";
import { reviewPage } from "./versions.js";

const OVERLAPS = ["0.25", "0.5", "0.75", "0.9"];
const POLL_MILLISECONDS = 1000;

export function page({ query }) {
  return [
    heading("Accuracy", h("a.button", { href: "/jobs/reviews" }, "Reviews")),
    loaded(
      async (abort) => (await get("/reviews", {}, { signal: abort })).reviews,
      (reviews) => (reviews.length ? untracked(() => ofAnalytics(reviews, query)) : emptyState("No reviews yet", "Precision and recall of an analytic on your own videos appear here. Open the result of a job, choose Review, and accept what is right.", h("a.button", { href: "/jobs" }, "Jobs"))),
    ),
  ];
}

function ofAnalytics(reviews, query) {
  const names = [...new Set(reviews.map(({ analytic }) => analytic))].sort();
  const analytic = signal(names.includes(query.get("analytic")) ? query.get("analytic") : reviews[0].analytic);
  const overlap = signal(OVERLAPS.includes(query.get("overlap")) ? query.get("overlap") : "0.5");
  effect(() => setQuery({ analytic: analytic.value, overlap: overlap.value === "0.5" ? "" : overlap.value }));
  return [
    h(
      "div.accuracy-choice",
      {},
      field("Analytic", select(names, { value: analytic.peek(), onchange: ({ target }) => (analytic.value = target.value) })),
      field("A box is right if it overlaps (IoU) by at least", select(OVERLAPS, { value: overlap.peek(), onchange: ({ target }) => (overlap.value = target.value) })),
    ),
    h("p.muted", {}, "The truth is what reviewers accepted, in the newest review of each video. Tracks that are undecided do not count."),
    () => {
      const asked = [analytic.value, overlap.value];
      return untracked(() => scoresOf(...asked));
    },
  ];
}

function scoresOf(analytic, overlap) {
  const partial = signal(null);
  const { state, reload } = resource(async (abort) => {
    for (;;) {
      const scores = await get("/reviews/scores", { analytic, overlap }, { signal: abort });
      if (!scores.pending) return scores;
      partial.value = scores;
      await pause(POLL_MILLISECONDS, abort);
    }
  });
  return () => {
    const { value, error, isThere } = state.value;
    if (error) return loadError(error, reload);
    const scores = isThere ? value : partial.value;
    if (!scores) return h("p.loading", { role: "status" }, "Evaluating…");
    const total = scores.videos.length;
    return [
      scores.pending > 0 && h("div.making", {}, h("p", { role: "status" }, `Evaluating: ${total - scores.pending} of ${total}`), progressBar((total - scores.pending) / total, "Evaluation")),
      scores.versions.map(versionTable),
      videosTable(scores.videos),
    ];
  };
}

function versionTable({ analytic_version: version, video_count: videos, classes }) {
  const head = ["Class", "Precision", "Recall", "True boxes", "Found boxes", "Videos"];
  const share = (value) => (value === null ? "–" : percent(value));
  const row = (each) => [share(each.precision), share(each.recall), count(each.true_count), count(each.found_count), count(each.video_count)];
  return h(
    "section.scores",
    { "aria-label": `Version ${version}` },
    h("h2", {}, `Version ${version}`, h("span.muted", {}, ` · ${count(videos)} reviewed ${videos === 1 ? "video" : "videos"}`)),
    scrolled(`Scores of version ${version}`, head, classes.map((each) => h("tr", {}, h("th", { scope: "row" }, each.label), row(each).map((text) => h("td.number", {}, text)))), [1, 2, 3, 4, 5]),
  );
}

function videosTable(videos) {
  const row = ({ job_id: jobId, job_name: name, analytic_version: version, review, state, message, matched_count: matched, true_count: truth, found_count: found }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: `/jobs/${encodeURIComponent(jobId)}` }, name)),
      h("td", {}, version),
      h("td", {}, h("a", { href: reviewPage(review.job_id, review.version) }, `Review ${review.version} of ${review.job_name}`), review.undecided > 0 && h("p.muted", {}, `${count(review.undecided)} undecided`)),
      state === "COMPLETE" ? [h("td.number", {}, found ? percent(matched / found) : "–"), h("td.number", {}, truth ? percent(matched / truth) : "–")] : h("td", { colspan: "2" }, state === "FAILED" ? message : "evaluating…"),
      h("td", {}, h("a", { href: `/jobs/${encodeURIComponent(review.job_id)}/compare/${encodeURIComponent(jobId)}?version=${review.version}` }, "Compare")),
    );
  return h("section.scores", { "aria-label": "Videos" }, h("h2", {}, "By video"), scrolled("Scores by video", ["Job", "Version", "Truth", "Precision", "Recall", ""], videos.map(row), [3, 4]));
}

/** @param {Array<number>} numbers positions of the columns of numbers */
const scrolled = (caption, head, rows, numbers) =>
  h("div.scrolled", { tabindex: "0", role: "region", "aria-label": caption }, h("table", {}, h("caption.visually-hidden", {}, caption), h("thead", {}, h("tr", {}, head.map((title, at) => h(title === "" ? "td" : numbers.includes(at) ? "th.number" : "th", title && { scope: "col" }, title)))), h("tbody", {}, rows)));
