/** Code that runs an analytic or submits a job: in Python, and on the command line. */

import { h } from "../../core/dom.js";
import { codeBlock } from "../../parts/elements.js";

/** Examples that run the analytic `name` on a file. */
export function usageExamples(name, { inputs = [], parameters = [] }) {
  const needed = parameters.filter((parameter) => parameter.required && parameter.default === undefined);
  return h("section", {}, h("h2", {}, "Use in code"), codeBlock("Python", pythonCall(name, inputs, needed)), codeBlock("Command line", commandLine(name, needed)));
}

/** Return Python code that submits `request` as a job. */
export function pythonOf(request, jobName, { isStarted, ttl, scheduling }) {
  const lines = [
    "from voxel51.users.api import API",
    "from voxel51.users.jobs import JobRequest",
    scheduling ? "from voxel51.users.scheduling import Scheduling" : null,
    "",
    `job_request = JobRequest(${python(request.analytic)}, version=${python(request.version)}${request.compute_mode ? `, compute_mode=${python(request.compute_mode)}` : ""})`,
    ...Object.entries(request.inputs).map(([name, file]) => `job_request.set_input(${python(name)}, ${file["job-id"] ? `job_id=${python(file["job-id"])}` : `data_id=${python(file["data-id"])}`})`),
    ...Object.entries(request.parameters).map(([name, value]) =>
      value?.["data-id"] ? `job_request.set_data_parameter(${python(name)}, data_id=${python(value["data-id"])})` : `job_request.set_parameter(${python(name)}, ${python(value)})`,
    ),
    ...(request.split ? [`job_request.set_split(${request.split.parts})`] : []),
    "",
    "api = API()",
    `job = api.upload_job_request(job_request, ${python(jobName)}, auto_start=${isStarted ? "True" : "False"}${ttl ? `, ttl=${python(ttl)}` : ""}${scheduling ? `, scheduling=${pythonScheduling(scheduling)}` : ""})`,
  ].filter((line) => line !== null);
  return lines.join("\n");
}

/** Return shell commands that submit `request` as a job. */
export function commandOf(request, jobName, { isStarted, ttl, scheduling }) {
  const upload = `voxel51 jobs upload --request job.json --name ${shell(jobName)}${isStarted ? " --auto-start" : ""}${commandScheduling(scheduling ?? {})}`;
  return [`printf '%s' ${shell(JSON.stringify(request))} > job.json`, ttl ? `voxel51 jobs ttl --date ${shell(ttl)} "$(${upload} --print-id)"` : upload].join("\n");
}

/** Return the Python expression of scheduling options. */
function pythonScheduling({ retry, ...options }) {
  const values = { ...options, ...(retry && { retries: retry.ANALYTIC.count }) };
  return `Scheduling(${Object.entries(values).map(([name, value]) => `${name}=${python(value)}`).join(", ")})`;
}

/** Return the options of the command line for scheduling options. */
function commandScheduling({ priority, deadline, not_before: notBefore, timeout_seconds: seconds, retry }) {
  const values = { priority, deadline, "not-before": notBefore, timeout: seconds, retries: retry?.ANALYTIC.count };
  return Object.entries(values).map(([name, value]) => (value === undefined ? "" : ` --${name} ${shell(String(value))}`)).join("");
}

function pythonCall(name, inputs, needed) {
  const files = inputs.slice(0, 1).map((input) => `${python(input.name)}: "/path/to/video.mp4"`);
  const values = needed.length ? `, {${needed.map((parameter) => `${python(parameter.name)}: ...`).join(", ")}}` : "";
  return ["from voxel51.users.api import API", "", "api = API()", `result = api.run(${python(name)}, {${files}}${values}, output_dir="labels")`, "print(result.job[\"state\"], result.output_path)"].join("\n");
}

function commandLine(name, needed) {
  return [`voxel51 run ${shell(name)} video.mp4`, ...needed.map((parameter) => `--param ${shell(`${parameter.name}=…`)}`), "--out labels"].join(" ");
}

/** Format a JSON value as a Python literal. */
function python(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, each]) => `${python(key)}: ${python(each)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** Quote a text as one word of a POSIX shell. */
function shell(text) {
  return /^[\w./=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
