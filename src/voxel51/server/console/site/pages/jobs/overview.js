/** The overview tab of a job: its input files, parameters and details. */

import { h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { dateTime, duration, size } from "../../core/format.js";
import { poster } from "../../parts/poster.js";
import { copyable, facts } from "../../parts/elements.js";
import { readable } from "../analytics/naming.js";
import { isFinished, runSeconds } from "./states.js";

export function overviewTab(job, request, inputs, now) {
  const known = computed(() => JSON.stringify(details(job.value))); // compared as text: progress events change none of it
  return [
    h("section", {}, h("h2", {}, "Inputs"), inputs.length ? h("ul.inputs", {}, inputs.map(input)) : h("p.muted", {}, "No input files.")),
    h("section", {}, h("h2", {}, "Parameters"), parameters(request.parameters)),
    h("section", {}, h("h2", {}, "Details"), () => facts(JSON.parse(known.value)), facts([["Run time", () => duration(runSeconds(job.value, now.value)) || (isFinished(job.value) ? "not started" : "not started yet")], ["ID", copyable(job.peek().id)]])),
  ];
}

function input({ role, id, name, isMissing }) {
  const title = isMissing ? h("span.muted", {}, name) : h("a", { href: `/data/${encodeURIComponent(id)}` }, name);
  return h("li", {}, !isMissing && poster(id), h("span", {}, h("span.muted", {}, readable(role)), h("br"), title));
}

function parameters(given) {
  const entries = Object.entries(given).filter(([, value]) => !value?.["data-id"]);
  if (entries.length === 0) return h("p.muted", {}, "All parameters have their default values.");
  return facts(entries.map(([name, value]) => [readable(name), h("code", {}, JSON.stringify(value))]));
}

function details(job) {
  return [
    ["Submitted", dateTime(job.upload_date)],
    ["Started", dateTime(job.start_date)],
    ["Completed", dateTime(job.completion_date)],
    ["Failed", dateTime(job.fail_date)],
    [job.expired ? "Expired" : "Expires", dateTime(job.expiration_date)],
    ["Compute mode", { BEST: "automatic", CPU: "CPU", GPU: "GPU" }[job.compute_mode] ?? job.compute_mode],
    ["Output file", job.output_filename],
    ["Frames", job.frame_count],
    ["Video length", job.duration_seconds && duration(job.duration_seconds)],
    ["Video size", size(job.size_bytes)],
  ];
}
