/** The jobs that looked at a file. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { may } from "../../core/session.js";
import { jobList } from "../../parts/job-list.js";
import { runAddress } from "./actions.js";

const LOOKED_THROUGH = 300;
const FIELDS = "id,name,state,upload_date,analytic,inputs,progress";

/** A card with the jobs that have `record` as an input, the newest first. */
export const jobsOn = (record) =>
  h(
    "section.card",
    { "aria-label": "Jobs on this file" },
    h("h2", {}, "Jobs"),
    jobList(
      (signal) => jobsWith(record.id, signal),
      () => nothing(record),
    ),
  );

/** The platform does not search jobs by their inputs, so the newest ones are looked through. */
async function jobsWith(dataId, signal) {
  const { jobs } = await get("/jobs", { fields: FIELDS, sort: "upload_date:desc", limit: LOOKED_THROUGH }, { signal });
  return jobs.filter(({ inputs }) => inputs.some((input) => input.data_id === dataId));
}

function nothing(record) {
  return h("p.soft", {}, "No job has looked at this file. ", may("run") && [h("a", { href: runAddress([record]) }, "Run an analytic on it"), "."]);
}
