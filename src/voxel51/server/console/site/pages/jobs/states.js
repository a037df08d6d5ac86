/** Job states: predicates, failure explanations, and how events change a job's record. */

const ACTIVE_STATES = new Set(["QUEUED", "SCHEDULED", "RUNNING"]);
const DATE_FIELDS = { job_running: "start_date", job_complete: "completion_date", job_failed: "fail_date" };

/** Return whether a job was started and has not finished. */
export const isActive = ({ state }) => ACTIVE_STATES.has(state);

/** Return whether a job has finished, with or without success. */
export const isFinished = ({ state }) => state === "COMPLETE" || state === "FAILED";

/** Return whether a job has a result that has not expired. */
export const hasResult = ({ state, expired }) => state === "COMPLETE" && !expired;

/** Return whether a job failed after some of its parts were complete. Records in lists do not tell. */
export const hasCompleteParts = ({ state, expired, split }) => state === "FAILED" && !expired && (split?.parts ?? []).some((part) => part.state === "COMPLETE");

/** Return whether a job was cancelled. A cancelled job is FAILED; only its message tells the difference. */
export const wasCancelled = ({ state, failure_message: message }) => state === "FAILED" && /^((killed|cancelled|canceled) by its owner|cancelled: )/i.test(message ?? "");

/** Title and advice by `failure_type`: who has to act when a job has failed. */
export const FAILURES = {
  USER: ["Invalid input", "The analytic rejected the file or a parameter. Correct the input as the message says, then run the job again."],
  ANALYTIC: ["The analytic failed", "The analytic has an error that will most likely occur again with the same file. Try another version, or report the error to the author of the analytic."],
  PLATFORM: ["The platform failed", "The job failed because of the platform, not because of your input. Run the job again; if it fails again, contact the operator of the platform."],
  NONE: ["The job failed", "No reason was given. Run the job again."],
};

/** Return the record of a job as it is after an event. */
export function afterEvent(job, { event, date, state, failure_type: failureType, message, progress }) {
  const next = { ...job };
  if (state) next.state = state;
  if (DATE_FIELDS[event]) next[DATE_FIELDS[event]] = date;
  if (event === "job_queued") next.progress = null;
  if (event === "job_progress") next.progress = progress;
  if (event === "job_failed") Object.assign(next, { failure_type: failureType, failure_message: message ?? null });
  if (event === "job_archived" || event === "job_expired") next.archived = true;
  if (event === "job_unarchived") next.archived = false;
  if (event === "job_expired") next.expired = true;
  return next;
}

/** Return the run time of a job in seconds; null if it was not started. */
export function runSeconds({ state, start_date: start, completion_date: complete, fail_date: failed }, now) {
  if (!start) return null;
  const end = state === "RUNNING" ? now : Date.parse(complete ?? failed ?? start);
  return Math.max(0, (end - Date.parse(start)) / 1000);
}
