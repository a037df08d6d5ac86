/** What can be done to jobs, one or many. Which of it, their states tell. */

import { call, get, save, send } from "../../core/api.js";
import { count } from "../../core/format.js";
import { may } from "../../core/session.js";
import { batch, tellOutcomes } from "../../parts/batch.js";
import { confirmed } from "../../parts/dialog.js";
import { askExpiry } from "../../parts/expiry.js";
import { notify, textOf } from "../../parts/notices.js";
import { submitJob } from "../analytics/submitting.js";
import { hasResult, isGoing, isOver } from "./states.js";

const ofBatch = (action, done) => (jobs) => batch("jobs", action, jobs, done);

/** Name, title and pictogram of each; `isFor` says to which jobs it can be done, `run` does it to all of them. */
export const ACTIONS = [
  { name: "start", title: "Start", symbol: "play", isFor: ({ state, archived }) => state === "READY" && !archived, run: ofBatch("start", "started") },
  { name: "kill", title: "Kill", symbol: "stop", isFor: isGoing, run: kill },
  { name: "retry", title: "Run again", symbol: "refresh", isFor: isOver, run: retry },
  { name: "download", title: "Download", symbol: "download", isFor: hasResult, run: downloadAll },
  { name: "archive", title: "Archive", symbol: "archive", isFor: ({ archived }) => !archived, run: ofBatch("archive", "archived") },
  { name: "unarchive", title: "Unarchive", symbol: "archive", isFor: ({ archived, expired }) => archived && !expired, run: ofBatch("unarchive", "back from the archive") },
  { name: "expiry", title: "Expiry", symbol: "clock", isFor: ({ expired }) => !expired, run: changeExpiry },
  { name: "delete", title: "Delete", symbol: "trash", isFor: ({ state }) => state === "READY", run: remove },
];

/** Those that whoever is signed in may do. */
export const allowedActions = () => ACTIONS.filter(({ name }) => may("run") || name === "download");

async function kill(jobs) {
  const text = `${named(jobs)} will end at once, without a result. What was done so far is lost.`;
  if (await confirmed(`Kill ${jobs.length === 1 ? "this job" : `${count(jobs.length)} jobs`}?`, text, "Kill")) await batch("jobs", "kill", jobs, "killed");
}

async function remove(jobs) {
  const title = `Delete ${jobs.length === 1 ? "this job" : `${count(jobs.length)} jobs`}?`;
  if (await confirmed(title, `${named(jobs)} will be gone. Its videos stay.`, "Delete")) await batch("jobs", "delete", jobs, "deleted");
}

async function changeExpiry(jobs) {
  const title = jobs.length === 1 ? `Expiry of ${jobs[0].name}` : `Expiry of ${count(jobs.length)} jobs`;
  await askExpiry(title, jobs.length === 1 ? jobs[0].expiration_date : null, (change) => batch("jobs", "ttl", jobs, "changed", change));
}

async function retry(jobs) {
  const outcomes = [];
  for (const job of jobs) {
    try {
      await runAgain(job);
      outcomes.push({ name: job.name });
    } catch (error) {
      outcomes.push({ name: job.name, error: textOf(error) });
    }
  }
  tellOutcomes(outcomes, "submitted and started again");
}

/** Submit and start what `job` was asked for once more; resolves to the new job. */
export async function runAgain({ id, name }) {
  const request = await get(`/jobs/${encodeURIComponent(id)}/request`);
  return submitJob(request, name, { isStarted: true });
}

async function downloadAll(jobs) {
  const outcomes = [];
  for (const job of jobs) {
    try {
      // Named by the job: outputs of many jobs are all called the same.
      const { job: details } = await call("GET", `/jobs/${encodeURIComponent(job.id)}`);
      const response = await send("GET", `/jobs/${encodeURIComponent(job.id)}/output`);
      save(await response.blob(), jobs.length > 1 ? `${job.name}-${details.output_filename}` : details.output_filename);
      outcomes.push({ name: job.name });
    } catch (error) {
      outcomes.push({ name: job.name, error: textOf(error) });
    }
  }
  if (outcomes.some(({ error }) => error)) tellOutcomes(outcomes, "downloaded");
  else notify(`${count(outcomes.length)} downloaded`);
}

function named(jobs) {
  const names = jobs.slice(0, 3).map(({ name }) => `“${name}”`).join(", ");
  return jobs.length > 3 ? `${names} and ${count(jobs.length - 3)} more` : names;
}
