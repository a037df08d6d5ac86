/** The home page of a user who has videos or jobs: recent videos, recent jobs, storage, links. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { percent, size } from "../../core/format.js";
import { hasScope, session } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { jobList } from "../../parts/job-list.js";
import { loaded } from "../../parts/load.js";
import { heading } from "../../parts/elements.js";
import { uploadButton } from "../../uploads/upload-controls.js";
import { fileCard } from "../data/file-card.js";

const RECENT_JOBS = 6;
const JOB_FIELDS = "id,name,state,upload_date,analytic,progress,inputs,duration_seconds";

/** @param {Array} videos records of data, the newest first */
export function overview(videos) {
  return [
    heading(`Hello, ${session.peek().account.username}`, hasScope("run") && h("a.button", { href: "/analytics" }, icon("play"), "Run an analytic"), hasScope("upload") && uploadButton()),
    h(
      "div.with-aside.home",
      {},
      h("section", { "aria-label": "Recent videos" }, sectionHead("Recent videos", "/data", "See all videos"), videoCards(videos)),
      h("aside", {}, h("section.card", { "aria-label": "Recent jobs" }, sectionHead("Recent jobs", "/jobs", "See all jobs"), jobList(recentJobs, noJobs)), storage(), links()),
    ),
  ];
}

const sectionHead = (title, href, label) => h("div.section-head", {}, h("h2", {}, title), h("a", { href, "aria-label": label }, "See all"));

function videoCards(videos) {
  if (videos.length === 0) return h("p.muted", {}, "No videos.");
  return h("ul.cards", {}, videos.map((record) => h("li", {}, fileCard(record))));
}

async function recentJobs(signal) {
  return (await get("/jobs", { fields: JOB_FIELDS, search: "archived:false", sort: "upload_date:desc", limit: RECENT_JOBS }, { signal })).jobs;
}

const noJobs = () => h("p.muted", {}, hasScope("run") ? "No jobs yet. Run an analytic on a video to start one." : "No jobs yet.");

function storage() {
  return h(
    "section.card",
    { "aria-label": "Storage" },
    h("h2", {}, "Storage"),
    loaded(
      (signal) => get("/account/usage", {}, { signal }),
      ({ bytes, quota }) =>
        quota.bytes
          ? [h("meter", { min: 0, max: 1, low: 0.8, high: 0.95, optimum: 0, value: bytes / quota.bytes, "aria-label": "Storage used" }), h("p.muted", {}, `${size(bytes)} of ${size(quota.bytes)} used (${percent(bytes / quota.bytes)})`)]
          : h("p.muted", {}, `${size(bytes)} used (no quota)`),
    ),
  );
}

function links() {
  const entries = [
    ["/search", "search", "Search labels"],
    ["/analytics", "analytics", "All analytics"],
    ["/account/tokens", "key", "API tokens"],
    ["/docs", "docs", "Documentation"],
  ];
  return h("nav.card.quick", { "aria-label": "Quick links" }, entries.map(([href, symbol, title]) => h("a", { href }, icon(symbol), title)));
}
