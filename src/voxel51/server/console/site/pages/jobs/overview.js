/** The overview tab of a job: its input files, parameters and details. */

import { h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { dateTime, duration, size } from "../../core/format.js";
import { posterOf } from "../../parts/poster.js";
import { copyable, facts } from "../../parts/elements.js";
import { readable } from "../analytics/naming.js";
import { isFinished, runSeconds } from "./states.js";

export function overviewTab(job, { request, inputs, sources }, now) {
  const known = computed(() => JSON.stringify(details(job.value))); // compared as text: progress events change none of it
  return [
    h("section", {}, h("h2", {}, "Inputs"), inputs.length + sources.length ? h("ul.inputs", {}, inputs.map(input), sources.map(source)) : h("p.muted", {}, "No input files.")),
    h("section", {}, h("h2", {}, "Parameters"), parameters(request.parameters)),
    h("section", {}, h("h2", {}, "Details"), () => facts(JSON.parse(known.value)), facts([["Run time", () => duration(runSeconds(job.value, now.value)) || (isFinished(job.value) ? "not started" : "not started yet")], ["ID", copyable(job.peek().id)]])),
  ];
}

function input({ role, id, name, isMissing }) {
  const title = isMissing ? h("span.muted", {}, name) : h("a", { href: `/data/${encodeURIComponent(id)}` }, name);
  return h("li", {}, !isMissing && posterOf(id, name), h("span", {}, h("span.muted", {}, readable(role)), h("br"), title));
}

function source({ role, id, name }) {
  const title = name === undefined ? h("span.muted", {}, `${id} (deleted)`) : h("a", { href: `/jobs/${encodeURIComponent(id)}` }, name);
  return h("li", {}, h("span", {}, h("span.muted", {}, readable(role)), h("br"), "Output of the job ", title));
}

function parameters(given) {
  const entries = Object.entries(given).filter(([, value]) => !value?.["data-id"]);
  if (entries.length === 0) return h("p.muted", {}, "All parameters have their default values.");
  return facts(entries.map(([name, value]) => [readable(name), h("code", {}, JSON.stringify(value))]));
}

/** The options with which the job was submitted. */
function scheduling({ priority, deadline, not_before: notBefore, timeout_seconds: seconds, retry = {} }) {
  const retries = Object.entries(retry).map(([kind, { count: number }]) => `${number} after failures of type ${kind}`);
  return [
    ["Priority", priority],
    ["Not before", dateTime(notBefore)],
    ["Deadline", dateTime(deadline)],
    ["Time limit", seconds && duration(seconds)],
    ["Retries", retries.join(", ")],
  ];
}

/** Origins of results that were not computed for the job. */
const REUSED = {
  owner: "Computed before, by an earlier job of yours; copied",
  application: "Computed before, for another user of the application; copied",
};

function details(job) {
  return [
    ["Submitted", dateTime(job.upload_date)],
    ["Started", dateTime(job.start_date)],
    ["Result", REUSED[job.reused]],
    ["Completed", dateTime(job.completion_date)],
    ["Failed", dateTime(job.fail_date)],
    [job.expired ? "Expired" : "Expires", dateTime(job.expiration_date)],
    ["Compute mode", { BEST: "automatic", CPU: "CPU", GPU: "GPU" }[job.compute_mode] ?? job.compute_mode],
    ...scheduling(job.scheduling ?? {}),
    ["Output file", job.output_filename],
    ["Frames", job.frame_count],
    ["Video length", job.duration_seconds && duration(job.duration_seconds)],
    ["Video size", size(job.size_bytes)],
  ];
}
