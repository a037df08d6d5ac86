/** What is new for who has been here before. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { percent, size } from "../../core/format.js";
import { may, session } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { jobList } from "../../parts/job-list.js";
import { loaded } from "../../parts/load.js";
import { heading } from "../../parts/show.js";
import { uploadButton } from "../../uploads/begin.js";
import { fileCard } from "../data/card.js";

const RECENT_JOBS = 6;
const JOB_FIELDS = "id,name,state,upload_date,analytic,progress";

/** @param {Array} recent data, the newest first */
export function overview(recent) {
  return [
    heading(`Hello, ${session.peek().account.username}`, may("run") && h("a.button", { href: "/analytics" }, icon("play"), "Run an analytic"), may("upload") && uploadButton()),
    h(
      "div.with-aside.home",
      {},
      h("section", { "aria-label": "Recent videos" }, sectionHead("Recent videos", "/data"), videos(recent)),
      h("aside", {}, h("section.card", { "aria-label": "Recent jobs" }, sectionHead("Recent jobs", "/jobs"), jobList(recentJobs, noJobs)), usage(), links()),
    ),
  ];
}

const sectionHead = (title, href) => h("div.section-head", {}, h("h2", {}, title), h("a", { href, "aria-label": `All ${href.slice(1)}` }, "See all"));

function videos(recent) {
  if (recent.length === 0) return h("p.soft", {}, "There are none at present.");
  return h("ul.cards", {}, recent.map((record) => h("li", {}, fileCard(record))));
}

async function recentJobs(signal) {
  return (await get("/jobs", { fields: JOB_FIELDS, search: "archived:false", sort: "upload_date:desc", limit: RECENT_JOBS }, { signal })).jobs;
}

const noJobs = () => h("p.soft", {}, may("run") ? "None yet. Choose a video, and run an analytic on it." : "None yet.");

function usage() {
  return h(
    "section.card",
    { "aria-label": "Storage" },
    h("h2", {}, "Storage"),
    loaded(
      (signal) => get("/account/usage", {}, { signal }),
      ({ bytes, quota }) =>
        quota.bytes
          ? [h("meter", { min: 0, max: 1, low: 0.8, high: 0.95, optimum: 0, value: bytes / quota.bytes, "aria-label": "Storage that is used" }), h("p.soft", {}, `${size(bytes)} of ${size(quota.bytes)} used (${percent(bytes / quota.bytes)})`)]
          : h("p.soft", {}, `${size(bytes)} used; there is no limit.`),
    ),
  );
}

function links() {
  const entries = [
    ["/search", "search", "Search in what was found"],
    ["/analytics", "analytics", "See all analytics"],
    ["/account", "key", "Tokens for scripts"],
    ["/docs", "docs", "Documentation"],
  ];
  return h("nav.card.quick", { "aria-label": "Quick links" }, entries.map(([href, symbol, title]) => h("a", { href }, icon(symbol), title)));
}
