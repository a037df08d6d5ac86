/** Where jobs stand: what that means, and what an event makes of it. */

const GOING = new Set(["QUEUED", "SCHEDULED", "RUNNING"]);
const DATES = { job_running: "start_date", job_complete: "completion_date", job_failed: "fail_date" };

/** Whether it was started and has not ended. */
export const isGoing = ({ state }) => GOING.has(state);

/** Whether it has ended, well or not. */
export const isOver = ({ state }) => state === "COMPLETE" || state === "FAILED";

/** Whether there is a result to look at. */
export const hasResult = ({ state, expired }) => state === "COMPLETE" && !expired;

/** Whether somebody ended it, which the platform tells by its message. */
export const wasKilled = ({ state, failure_message: message }) => state === "FAILED" && message === "Killed by its owner";

/** Who is at fault when a job failed, and what to try. */
export const FAULTS = {
  USER: ["It could not work with what it was given", "The file or a parameter does not suit. See what it says, change that, and run it again."],
  ANALYTIC: ["The analytic itself broke", "With the same file it will most likely break again. Try another version, or tell whoever made it."],
  PLATFORM: ["The platform could not bring it to its end", "It is no fault of yours. Run it again; if that does not help, tell the operator of the platform."],
  NONE: ["It failed", "Nobody said why. Run it again."],
};

/** The record of a job as it is after an event about it. */
export function afterEvent(job, { event, date, state, failure_type: failureType, message, progress }) {
  const next = { ...job };
  if (state) next.state = state;
  if (DATES[event]) next[DATES[event]] = date;
  if (event === "job_queued") next.progress = null;
  if (event === "job_progress") next.progress = progress;
  if (event === "job_failed") Object.assign(next, { failure_type: failureType, failure_message: message ?? null });
  if (event === "job_archived" || event === "job_expired") next.archived = true;
  if (event === "job_unarchived") next.archived = false;
  if (event === "job_expired") next.expired = true;
  return next;
}

/** Seconds that a job has run, or ran; null where it did not begin. */
export function ranFor({ state, start_date: begin, completion_date: complete, fail_date: failed }, now) {
  if (!begin) return null;
  const end = state === "RUNNING" ? now : Date.parse(complete ?? failed ?? begin);
  return Math.max(0, (end - Date.parse(begin)) / 1000);
}
