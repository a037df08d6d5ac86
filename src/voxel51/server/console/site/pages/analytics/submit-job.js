/** Job requests: from the fields of the form to a submitted job, and errors back to the fields. */

import { call } from "../../core/api.js";
import { errorText } from "../../parts/notices.js";

const MAX_NAME_LENGTH = 255;

/** Return the job request of `fields`; for the input `mainInput` it uses `dataId`, since each chosen video gets its own job. `parts` divides the job. */
export function requestOf({ name, version }, fields, { computeMode, parts }, mainInput, dataId) {
  const request = { analytic: name, version, ...(computeMode.value && { compute_mode: computeMode.value }), inputs: {}, parameters: {}, ...(parts.value && { split: { parts: parts.value } }) };
  for (const { name: key, part, value } of fields) {
    const given = key === mainInput && part === "inputs" ? dataId && { "data-id": dataId } : value.value;
    if (given !== undefined && given !== "") request[part][key] = given;
  }
  return request;
}

/** Submit `request` as a job; resolves to the job's record. */
export async function submitJob(request, name, { isStarted, ttl, scheduling }) {
  const form = new FormData();
  form.append("job_name", name.slice(0, MAX_NAME_LENGTH));
  form.append("auto_start", String(isStarted));
  if (ttl) form.append("job_ttl", ttl);
  if (scheduling) form.append("scheduling", JSON.stringify(scheduling));
  form.append("file", new Blob([JSON.stringify(request)], { type: "application/json" }), "job.json");
  return (await call("POST", "/jobs", { form })).job;
}

/** Show an error of the platform at the field that it names; returns whether it names one. */
export function showErrorAtField(error, fields) {
  const text = errorText(error);
  const named = /\b(input|parameter) '([^']*)'/i.exec(text);
  const data = /^Data '([^']*)'/i.exec(text);
  const found = fields.find(
    (field) =>
      (named && field.part === `${named[1].toLowerCase()}s` && field.name === named[2]) ||
      (data && (field.value.peek()?.["data-id"] === data[1] || field.chosen?.peek().some(({ id }) => id === data[1]))),
  );
  if (!found) return false;
  found.error.value = text;
  reveal(found);
  return true;
}

/** Show the problems of all fields, and move the focus to the first; returns whether all fields are valid. */
export function showProblems(fields) {
  for (const { error, problem } of fields) error.value = problem.peek();
  const first = fields.find(({ problem }) => problem.peek());
  if (first) reveal(first);
  return !first;
}

/** Focus a field, and open the section that hides it. */
function reveal({ node, focus }) {
  const section = node.closest("details");
  if (section) section.open = true;
  focus();
}
