/** A job with its request and the records of all files in it, for pages about jobs. */

import { call, get } from "../../core/api.js";
import { recordsOf } from "../analytics/data-records.js";

/** Return the job, its request, the records of all files in it with their roles, and the jobs whose output it takes. */
export async function fetchJob(id) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const [{ job }, request] = await Promise.all([get(path), get(`${path}/request`)]);
  const files = Object.entries({ ...request.inputs, ...request.parameters }).filter(([, value]) => value?.["data-id"]);
  const records = await recordsOf([...new Set(files.map(([, value]) => value["data-id"]))]);
  const inputs = files.map(([role, value]) => ({ role, ...records.find((record) => record.id === value["data-id"]) }));
  return { job, request, inputs, sources: await sourcesOf(request) };
}

/** Return the jobs whose output a job takes, as `{role, id, name}`. */
async function sourcesOf(request) {
  const named = Object.entries(request.inputs).filter(([, value]) => value?.["job-id"]);
  if (named.length === 0) return [];
  const ids = [...new Set(named.map(([, value]) => value["job-id"]))];
  const { responses } = await call("POST", "/jobs/batch", { json: { action: "details", ids } });
  return named.map(([role, value]) => ({ role, id: value["job-id"], name: responses[value["job-id"]]?.response?.name }));
}

/** Return the record of the file that a job analysed: its first input that still exists; undefined if all were deleted. */
export const analysedFile = ({ request, inputs }) => inputs.find(({ role, isMissing }) => request.inputs[role] && !isMissing);
