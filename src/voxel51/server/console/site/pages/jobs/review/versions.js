/** The versions of the labels of a job: requests, the list of versions, and the choice of two to compare. */

import { call, download, get } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { navigate } from "../../../core/router.js";
import { dialog, confirmAction } from "../../../parts/dialog.js";
import { timeAgo } from "../../../parts/elements.js";
import { field, form, select } from "../../../parts/form.js";
import { menu } from "../../../parts/menu.js";

const KINDS = { accept: "accepted", reject: "rejected", rename: "renamed", merge: "merged", split: "split", draw: "drawn", erase: "erased" };

export const reviewsPath = (jobId) => `/jobs/${encodeURIComponent(jobId)}/reviews`;

/**
 * The page that reviews a job.
 *
 * @param {{collection: string, data: string}} [member] the member of a shared collection whose job it is, if the job
 *   belongs to another user
 */
export function reviewPage(jobId, version, member) {
  const query = new URLSearchParams({ ...(version !== undefined && { version }), ...member });
  return `/jobs/${encodeURIComponent(jobId)}/review${query.size ? `?${query}` : ""}`;
}

export const labelsPath = (jobId, version) => `${reviewsPath(jobId)}/${version}/labels`;

/** Return the versions of a job, the newest first. */
export const fetchVersions = async (jobId, signal) => (await get(reviewsPath(jobId), {}, { signal })).reviews;

/** Return the text of the edits of a version, such as "2 accepted, 1 split". */
export const changesText = ({ changes }) => Object.entries(changes).map(([kind, count]) => `${count} ${KINDS[kind] ?? kind}`).join(", ");

/** The page that compares two versions of the labels of a job. */
export const comparisonOfVersions = (jobId, first, second) => `/jobs/${encodeURIComponent(jobId)}/compare/${encodeURIComponent(jobId)}?version=${first}&with_version=${second}`;

/**
 * A menu of the versions of a job.
 *
 * @param {() => Array} versions the newest first
 * @param {() => number} shown the version that is reviewed
 */
export function versionsMenu(job, versions, shown, changed) {
  const open = (version) => ({ title: `${version ? `Review ${version}` : "Original"}${version === shown() ? " (shown)" : ""}`, href: reviewPage(job.id, version, job.member) });
  return menu("Versions", "Versions of the labels", () => [
    open(0),
    ...[...versions()].reverse().map(({ version }) => open(version)),
    !job.member && versions().length > 0 && { title: "Compare two versions…", run: () => chooseComparison(job, versions()) },
    shown() > 0 && { title: "Download this version", run: () => download(labelsPath(job.id, shown()), {}, `labels.review-${shown()}.json`) },
    !job.member && shown() > 0 && { title: "Delete this version…", isDangerous: true, run: () => deleteVersion(job, shown(), changed) },
  ], { kind: "button" });
}

async function deleteVersion(job, version, changed) {
  if (!(await confirmAction(`Delete review ${version}`, "Its labels and edits are deleted. Other versions stay.", "Delete"))) return;
  await call("DELETE", `${reviewsPath(job.id)}/${version}`);
  changed();
}

function chooseComparison(job, versions) {
  const options = [["0", "Original"], ...[...versions].reverse().map(({ version, reviewer }) => [String(version), `Review ${version} by ${reviewer}`])];
  const submit = ({ first, second }, close) => {
    if (first === second) throw new Error("Choose two different versions");
    close();
    navigate(comparisonOfVersions(job.id, first, second));
  };
  return dialog("Compare two versions", (close) =>
    form([field("First", select(options, { name: "first", value: "0" })), field("Second", select(options, { name: "second", value: options.at(-1)[0] }))], { verb: "Compare", cancel: () => close(), submit: (values) => submit(values, close) }),
  );
}

/** One line about a version. */
export const versionLine = (review) => h("span", {}, `Review ${review.version} by ${review.reviewer}, `, timeAgo(review.created_at), ` (${changesText(review)})`);
