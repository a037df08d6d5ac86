/** Reviews of jobs of other users, on videos in collections of which the user is an editor. */

import { ApiError, get } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { navigate } from "../../../core/router.js";
import { dialog } from "../../../parts/dialog.js";
import { field, form, select } from "../../../parts/form.js";
import { notify } from "../../../parts/notices.js";
import { reviewPage } from "./versions.js";

export const memberPath = ({ collection, data }) => `/collections/${encodeURIComponent(collection)}/data/${encodeURIComponent(data)}`;

/** Fetch the results on a member that an editor of the collection can review. */
export const fetchJobs = async (member) => (await get(`${memberPath(member)}/jobs`)).jobs;

/** Return a job on a member of a collection, in the form of `fetchJob`. */
export async function fetchMemberJob(id, member) {
  const [jobs, { data }] = await Promise.all([fetchJobs(member), get(memberPath(member))]);
  const job = jobs.find((each) => each.id === id);
  if (!job) throw new ApiError(404, `Job '${id}' not found; it may have expired, or its labels are not of this video`);
  return { job: { ...job, member }, request: { inputs: { video: {} } }, inputs: [{ ...data, role: "video" }] };
}

/** Open the review of a job on a member; if there are several, ask which. */
export async function reviewMember(member) {
  const jobs = await fetchJobs(member);
  if (!jobs.length) return notify("Nothing to review: the owner of this video has no result with labels of it");
  const open = (id) => navigate(reviewPage(id, undefined, member));
  if (jobs.length === 1) return open(jobs[0].id);
  const options = jobs.map(({ id, name, analytic_version: version }) => [id, `${name} (version ${version})`]);
  return dialog("Review labels", (close) =>
    form([h("p", {}, "There are several results on this video."), field("Result", select(options, { name: "job" }))], {
      verb: "Review",
      cancel: () => close(),
      submit: ({ job }) => {
        close();
        open(job);
      },
    }),
  );
}
