/** The facts of a job. */

import { h } from "../../core/dom.js";
import { computed } from "../../core/reactive.js";
import { dateTime, duration, size } from "../../core/format.js";
import { poster } from "../../parts/poster.js";
import { copyable, facts } from "../../parts/show.js";
import { readable } from "../analytics/naming.js";
import { isOver, ranFor } from "./states.js";

export function overview(job, request, inputs, now) {
  const known = computed(() => JSON.stringify(pairs(job.value))); // progress changes none of it
  return [
    h("section", {}, h("h2", {}, "Videos and files"), inputs.length ? h("ul.inputs", {}, inputs.map(input)) : h("p.soft", {}, "It was given none.")),
    h("section", {}, h("h2", {}, "Parameters"), parameters(request.parameters)),
    h("section", {}, h("h2", {}, "Facts"), () => facts(JSON.parse(known.value)), facts([["Ran for", () => duration(ranFor(job.value, now.value)) || (isOver(job.value) ? "it did not begin" : "not yet")], ["Id", copyable(job.peek().id)]])),
  ];
}

function input({ role, id, name, isMissing }) {
  const title = isMissing ? h("span.soft", {}, name) : h("a", { href: `/data/${encodeURIComponent(id)}` }, name);
  return h("li", {}, !isMissing && poster(id, { width: 160 }), h("span", {}, h("span.soft", {}, readable(role)), h("br"), title));
}

function parameters(given) {
  const entries = Object.entries(given).filter(([, value]) => !value?.["data-id"]);
  if (entries.length === 0) return h("p.soft", {}, "All as preset.");
  return facts(entries.map(([name, value]) => [readable(name), h("code", {}, JSON.stringify(value))]));
}

function pairs(job) {
  return [
    ["Submitted", dateTime(job.upload_date)],
    ["Started", dateTime(job.start_date)],
    ["Completed", dateTime(job.completion_date)],
    ["Failed", dateTime(job.fail_date)],
    [job.expired ? "Expired" : "Kept until", dateTime(job.expiration_date)],
    ["Asked to run on", { BEST: "what suits", CPU: "CPU", GPU: "GPU" }[job.compute_mode] ?? job.compute_mode],
    ["Leaves", job.output_filename],
    ["Frames", job.frame_count],
    ["Length of the video", job.duration_seconds && duration(job.duration_seconds)],
    ["Size of the video", size(job.size_bytes)],
  ];
}
