/** Asking for jobs of an analytic: a form from its manifest. `?data=` chooses videos, `?job=` begins with what a job was asked. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, signal } from "../../core/reactive.js";
import { go } from "../../core/router.js";
import { count } from "../../core/format.js";
import { may } from "../../core/session.js";
import { term } from "../../core/query.js";
import { codeBlock } from "../../parts/code.js";
import { dateInput } from "../../parts/expiry.js";
import { checkbox, field, form, select } from "../../parts/form.js";
import { loadedRecord } from "../../parts/load.js";
import { textOf } from "../../parts/notices.js";
import { tellOutcomes } from "../../parts/batch.js";
import { inline } from "../../parts/prose.js";
import { emptiness, heading } from "../../parts/show.js";
import { tabs } from "../../parts/tabs.js";
import { recordsOf } from "./data.js";
import { commandOf, pythonOf } from "./examples.js";
import { inputField } from "./inputs.js";
import { pathOf, shortName } from "./naming.js";
import { parameterField } from "./parameters.js";
import { requestOf, submitJob, tellAtField, tellProblems } from "./submitting.js";

const PART_OF_VIDEO = new Set(["first_frame", "last_frame", "start_seconds", "end_seconds", "fps", "region", "strict"]);
/** What most analytics take beside their own parameters; it is folded, so that their own stand out. */

export function page({ id, query }) {
  return loadedRecord(
    () => everything(id, query),
    { what: "analytic", list: "/analytics" },
    (known) => {
      const { analytic } = known;
      const title = heading(`Run ${shortName(analytic.name)[1]}`, h("a.button", { href: pathOf(analytic) }, "About it"));
      if (!may("run")) return [title, emptiness("You may only look", "Your role does not let you run analytics. Ask the operator of the platform.")];
      if (analytic.pending) return [title, emptiness("It is pending", "It cannot run before all images that its manifest declares are there.", h("a.button", { href: pathOf(analytic) }, "See what is missing"))];
      return [title, h("p.subheading", {}, h("span.soft", {}, `${analytic.name} ${analytic.version}`)), runForm(known)];
    },
  );
}

/** The manifest, and what stands in the form at first. */
async function everything(id, query) {
  const [{ analytic, ...document }, request] = await Promise.all([
    get(`/analytics/${encodeURIComponent(id)}`),
    query.get("job") ? get(`/jobs/${encodeURIComponent(query.get("job"))}/request`) : { inputs: {}, parameters: {} },
  ]);
  const dataIds = (query.get("data") ?? "").split(",").filter(Boolean);
  const named = [...Object.values(request.inputs), ...Object.values(request.parameters)].map((value) => value?.["data-id"]).filter(Boolean);
  const records = new Map((await recordsOf([...new Set([...dataIds, ...named])])).map((record) => [record.id, record]));
  return { analytic, document, request, records, dataIds };
}

function runForm({ analytic, document, request, records, dataIds }) {
  const main = document.inputs.find(({ required }) => required) ?? document.inputs[0];
  const inputs = document.inputs.map((input) => {
    const given = request.inputs[input.name]?.["data-id"];
    const ids = input === main && dataIds.length ? dataIds : given ? [given] : [];
    return inputField(input, ids.map((each) => records.get(each)), input === main);
  });
  const chosen = inputs.find(({ name }) => name === main?.name)?.chosen ?? signal([]);
  const ranges = document.extensions?.parameters ?? {};
  const parameters = document.parameters.map((parameter) => {
    const given = request.parameters[parameter.name];
    const known = given?.["data-id"] ? { ...given, name: records.get(given["data-id"])?.name } : given;
    return parameterField(parameter, ranges[parameter.name] ?? {}, known, () => chosen.value[0]?.id);
  });
  const fields = [...inputs, ...parameters];
  const job = jobFields(analytic, request, chosen);
  const asked = (dataId) => requestOf(analytic, fields, job.computeMode.value, main?.name, dataId);
  const submit = () => submitAll({ fields, chosen, job, asked });
  const verb = () => (chosen.value.length > 1 ? `${job.isStarted.value ? "Start" : "Keep"} ${count(chosen.value.length)} jobs` : job.isStarted.value ? "Start the job" : "Keep it ready");
  return h(
    "div.columns.run",
    {},
    form([h("section.card", {}, inputs.map(({ node }) => node)), parameterSections(parameters), h("section.card", {}, h("h2", {}, "The job"), job.nodes)], { verb, submit, isChecked: false }),
    h("aside", {}, preview(computed(() => asked(chosen.value[0]?.id)), job, chosen)),
  );
}

function parameterSections(fields) {
  const [own, common] = [fields.filter(({ name }) => !PART_OF_VIDEO.has(name)), fields.filter(({ name }) => PART_OF_VIDEO.has(name))];
  const isSet = common.some(({ value }) => value.peek() !== undefined);
  return [
    own.length > 0 && h("section.card", {}, h("h2", {}, "Parameters"), own.map(({ node }) => node)),
    common.length > 0 && h("details.card", { open: isSet }, h("summary", {}, h("h2", {}, "Which part of the video"), h("span.soft", {}, "all of it, if you say nothing")), h("div.pairs", {}, common.map(({ node }) => node))),
  ];
}

/** What a job is called, and when and on what it runs. */
function jobFields(analytic, request, chosen) {
  const [name, isStarted, moment, computeMode] = [signal(""), signal(true), signal(""), signal(request.compute_mode ?? "")];
  const preset = (record) => [shortName(analytic.name)[1], record && `on ${record.name}`].filter(Boolean).join(" ");
  const nameOf = (record) => {
    if (name.value === "") return preset(record);
    return chosen.value.length > 1 ? `${name.value}: ${record.name}` : name.value;
  };
  const modes = [["", "as the platform sees fit"], ["CPU", "CPU"], ["GPU", "GPU"]];
  const nodes = [
    field("Name", h("input", { type: "text", maxlength: 255, placeholder: () => preset(chosen.value[0]), oninput: (event) => (name.value = event.target.value.trim()) }), {
      hint: () => (chosen.value.length > 1 && name.value ? "The name of each video follows it." : "If you give none, it is called as shown."),
    }),
    analytic.supports_cpu && analytic.supports_gpu && field("Runs on", select(modes, { value: computeMode.peek(), onchange: (event) => (computeMode.value = event.target.value) })),
    field("Keep the result until", dateInput("ttl", { oninput: (event) => (moment.value = event.target.value) }), { hint: "If you say nothing, as long as the platform keeps results." }),
    checkbox("Start at once", { checked: true, onchange: (event) => (isStarted.value = event.target.checked) }),
  ];
  const ttl = computed(() => (moment.value ? new Date(moment.value).toISOString() : ""));
  return { nodes, nameOf, isStarted, ttl, computeMode };
}

function preview(request, job, chosen) {
  const options = () => ({ isStarted: job.isStarted.value, ttl: job.ttl.value });
  const name = () => job.nameOf(chosen.value[0]);
  const entries = [
    { name: "request", title: "Job request", content: () => codeBlock("JSON", () => JSON.stringify(request.value, null, 2)) },
    { name: "python", title: "Python", content: () => codeBlock("Python", () => pythonOf(request.value, name(), options())) },
    { name: "command", title: "Command line", content: () => codeBlock("Command line", () => commandOf(request.value, name(), options())) },
  ];
  return h(
    "section.card.preview",
    {},
    h("h2", {}, "What is sent"),
    h("p.soft", {}, () => (chosen.value.length > 1 ? inline(`One such request for each of ${count(chosen.value.length)} videos; this is the first.`) : "Values that are as preset are left out.")),
    tabs(entries, "as"),
  );
}

/** Submit a job for each chosen video, one after the other; what could not be submitted stays chosen. */
async function submitAll({ fields, chosen, job, asked }) {
  if (!tellProblems(fields)) return;
  const records = chosen.peek().length ? chosen.peek() : [undefined];
  const options = { isStarted: job.isStarted.peek(), ttl: job.ttl.peek() };
  const [jobs, failed] = [[], []];
  for (const record of records) {
    try {
      jobs.push(await submitJob(asked(record?.id), job.nameOf(record), options));
    } catch (error) {
      failed.push({ record, error });
      if (jobs.length === 0 && failed.length === 1 && records.length > 1 && tellAtField(error, fields)) return; // as it would be with all
    }
  }
  if (failed.length === 0) return go(jobs.length === 1 ? `/jobs/${encodeURIComponent(jobs[0].id)}` : `/jobs?search=${encodeURIComponent(term("id", ...jobs.map(({ id }) => id)))}`);
  if (records.length > 1) {
    chosen.value = failed.map(({ record }) => record);
    const done = jobs.map(({ name }) => ({ name }));
    return tellOutcomes([...done, ...failed.map(({ record, error }) => ({ name: record.name, error: textOf(error) }))], "submitted");
  }
  if (!tellAtField(failed[0].error, fields)) throw failed[0].error;
}
