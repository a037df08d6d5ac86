/** The card with the jobs that have a file as an input. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { hasScope } from "../../core/session.js";
import { jobList } from "../../parts/job-list.js";
import { runAddress } from "./actions.js";

const MAX_JOBS = 300;
const FIELDS = "id,name,state,expired,upload_date,analytic,inputs,progress,duration_seconds";

/** @param {object} record of the file */
export const jobsOnFile = (record) =>
  h(
    "section.card",
    { "aria-label": "Jobs on this file" },
    h("h2", {}, "Jobs"),
    jobList(
      (signal) => fetchJobs(record.id, signal),
      () => noJobs(record),
    ),
  );

/** Return the jobs on a file. The API cannot search jobs by their inputs, so the newest ones are fetched and filtered here. */
export async function fetchJobs(dataId, signal) {
  const { jobs } = await get("/jobs", { fields: FIELDS, sort: "upload_date:desc", limit: MAX_JOBS }, { signal });
  return jobs.filter(({ inputs }) => inputs.some((input) => input.data_id === dataId));
}

function noJobs(record) {
  return h("p.muted", {}, "No jobs on this file yet. ", hasScope("run") && [h("a", { href: runAddress([record]) }, "Run an analytic"), "."]);
}
