/** Actions on one or several jobs: start, cancel, run again, download, archive, change expiry, delete. */

import { call, get, save, send } from "../../core/api.js";
import { count } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { batch, showOutcomes } from "../../parts/batch.js";
import { confirmAction } from "../../parts/dialog.js";
import { askExpiry } from "../../parts/expiry.js";
import { errorText, notify } from "../../parts/notices.js";
import { submitJob } from "../analytics/submit-job.js";
import { exportDataset } from "./export-dataset.js";
import { hasCompleteParts, hasResult, isActive, isFinished } from "./states.js";

const MAX_NAMES = 3;
const batchAction = (action, done) => (jobs) => batch("jobs", action, jobs, done);

/** Name, title and icon of each action; `isFor` says whether it applies to a job, `run` applies it to several. */
const ACTIONS = [
  { name: "start", title: "Start", symbol: "play", isFor: ({ state, archived }) => state === "READY" && !archived, run: batchAction("start", "started") },
  { name: "cancel", title: "Cancel job", symbol: "stop", isFor: isActive, run: cancel },
  { name: "parts", title: "Retry failed parts", symbol: "refresh", isFor: hasCompleteParts, run: ([job]) => retryParts(job) },
  { name: "again", title: "Run again", symbol: "refresh", isFor: isFinished, run: runAllAgain },
  { name: "download", title: "Download", symbol: "download", isFor: hasResult, run: downloadAll },
  { name: "dataset", title: "Export dataset", symbol: "grid", isFor: hasResult, run: exportDataset },
  { name: "archive", title: "Archive", symbol: "archive", isFor: ({ archived }) => !archived, run: batchAction("archive", "archived") },
  { name: "unarchive", title: "Unarchive", symbol: "archive", isFor: ({ archived, expired }) => archived && !expired, run: batchAction("unarchive", "unarchived") },
  { name: "expiry", title: "Change expiry", symbol: "clock", isFor: ({ expired }) => !expired, run: changeExpiry },
  { name: "delete", title: "Delete", symbol: "trash", isFor: ({ state }) => state === "READY", run: remove },
];

/** The actions that the scopes of the session allow. */
export const allowedActions = () => ACTIONS.filter(({ name }) => hasScope("run") || name === "download");

/** The API calls this action `kill`, as the original client does. */
async function cancel(jobs) {
  const text = `${namesOf(jobs)} will stop without a result.`;
  const [title, verb] = jobs.length === 1 ? ["Cancel this job?", "Cancel job"] : [`Cancel ${count(jobs.length)} jobs?`, "Cancel jobs"];
  if (await confirmAction(title, text, verb, { dismiss: "Keep running" })) await batch("jobs", "kill", jobs, "cancelled");
}

async function remove(jobs) {
  const title = `Delete ${jobs.length === 1 ? "this job" : `${count(jobs.length)} jobs`}?`;
  if (await confirmAction(title, `${namesOf(jobs)} will be deleted. The videos are kept. This cannot be undone.`, "Delete")) await batch("jobs", "delete", jobs, "deleted");
}

async function changeExpiry(jobs) {
  const title = `Change the expiry of ${jobs.length === 1 ? jobs[0].name : `${count(jobs.length)} jobs`}`;
  await askExpiry(title, jobs.length === 1 ? jobs[0].expiration_date : null, (change) => batch("jobs", "ttl", jobs, "updated", change));
}

async function runAllAgain(jobs) {
  const outcomes = [];
  for (const job of jobs) {
    try {
      await runAgain(job);
      outcomes.push({ name: job.name });
    } catch (error) {
      outcomes.push({ name: job.name, error: errorText(error) });
    }
  }
  showOutcomes(outcomes, "submitted again");
}

/** Submit and start a new job with the request of this one; resolves to the new job. */
export async function runAgain({ id, name }) {
  const request = await get(`/jobs/${encodeURIComponent(id)}/request`);
  return submitJob(request, name, { isStarted: true });
}

/** Submit a failed job again with its complete parts; resolves to the new job. */
export async function retryParts({ id }) {
  return (await call("POST", `/jobs/${encodeURIComponent(id)}/retry-parts`)).job;
}

async function downloadAll(jobs) {
  const outcomes = [];
  for (const job of jobs) {
    try {
      const { job: details } = await call("GET", `/jobs/${encodeURIComponent(job.id)}`);
      const response = await send("GET", `/jobs/${encodeURIComponent(job.id)}/output`);
      // Outputs of several jobs have the same file name, so the name of the job is put before it.
      save(await response.blob(), jobs.length > 1 ? `${job.name}-${details.output_filename}` : details.output_filename);
      outcomes.push({ name: job.name });
    } catch (error) {
      outcomes.push({ name: job.name, error: errorText(error) });
    }
  }
  if (outcomes.some(({ error }) => error)) showOutcomes(outcomes, "downloaded");
  else notify(`${count(outcomes.length)} downloaded`);
}

function namesOf(jobs) {
  const names = jobs.slice(0, MAX_NAMES).map(({ name }) => `“${name}”`).join(", ");
  return jobs.length > MAX_NAMES ? `${names} and ${count(jobs.length - MAX_NAMES)} more` : names;
}
