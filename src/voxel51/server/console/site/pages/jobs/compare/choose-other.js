/** The dialog that asks which other result on the same file to compare with. */

import { h } from "../../../core/dom.js";
import { dialog } from "../../../parts/dialog.js";
import { timeAgo } from "../../../parts/elements.js";
import { loaded } from "../../../parts/load.js";
import { fetchJobs } from "../../data/jobs-on-file.js";
import { hasResult } from "../states.js";

/** Return the path of the page that compares two jobs. */
export const comparisonPath = (first, second) => `/jobs/${encodeURIComponent(first.id)}/compare/${encodeURIComponent(second.id)}`;

/** @param {object} file the record of the file that the job analysed */
export function chooseOther(job, file) {
  return dialog(`Compare with another result on ${file.name}`, (close) =>
    loaded(
      (signal) => fetchJobs(file.id, signal),
      (jobs) => {
        const others = jobs.filter((other) => other.id !== job.id && hasResult(other));
        if (others.length === 0) return h("p", {}, "There is no other result on this file. Run another analytic, or this one with other parameters.");
        return h("ul.other-jobs", {}, others.map((other) => h("li", {}, h("a", { href: comparisonPath(job, other), onclick: () => close() }, h("bdi", {}, other.name)), h("span.muted", {}, `${other.analytic} · `, timeAgo(other.upload_date)))));
      },
    ),
  );
}
