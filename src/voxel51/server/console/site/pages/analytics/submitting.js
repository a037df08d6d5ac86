/** From the fields of a form to jobs. */

import { call } from "../../core/api.js";
import { textOf } from "../../parts/notices.js";

const LONGEST_NAME = 255;

/** The job request of `fields`; `dataId` takes the place of what is chosen for the input `several`. */
export function requestOf({ name, version }, fields, computeMode, several, dataId) {
  const request = { analytic: name, version, ...(computeMode && { compute_mode: computeMode }), inputs: {}, parameters: {} };
  for (const { name: key, part, value } of fields) {
    const told = key === several && part === "inputs" ? dataId && { "data-id": dataId } : value.value;
    if (told !== undefined && told !== "") request[part][key] = told;
  }
  return request;
}

/** Submit `request` as a job; resolves to its record. */
export async function submitJob(request, name, { isStarted, ttl }) {
  const form = new FormData();
  form.append("job_name", name.slice(0, LONGEST_NAME));
  form.append("auto_start", String(isStarted));
  if (ttl) form.append("job_ttl", ttl);
  form.append("file", new Blob([JSON.stringify(request)], { type: "application/json" }), "job.json");
  return (await call("POST", "/jobs", { form })).job;
}

/** Tell what the platform refused at the field that it names; returns whether there is one. */
export function tellAtField(error, fields) {
  const text = textOf(error);
  const named = /\b(input|parameter) '([^']*)'/i.exec(text);
  const data = /^Data '([^']*)'/.exec(text);
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

/** Tell what is wrong with what was typed; returns whether all will do. */
export function tellProblems(fields) {
  for (const { error, problem } of fields) error.value = problem.peek();
  const first = fields.find(({ problem }) => problem.peek());
  if (first) reveal(first);
  return !first;
}

function reveal({ node, focus }) {
  const folded = node.closest("details");
  if (folded) folded.open = true;
  focus();
}
