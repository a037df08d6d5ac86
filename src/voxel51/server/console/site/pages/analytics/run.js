/** The form that runs an analytic, made from its manifest. `?data=` chooses videos, `?matching=` all that match a search; `?job=` starts from the request of a job, with `&whole=true` on its whole video. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, effect, signal } from "../../core/reactive.js";
import { navigate } from "../../core/router.js";
import { count, countOrMore } from "../../core/format.js";
import { hasScope } from "../../core/session.js";
import { term } from "../../core/query.js";
import { codeBlock } from "../../parts/elements.js";
import { dateInput } from "../../parts/expiry.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { loadedRecord } from "../../parts/load.js";
import { errorText } from "../../parts/notices.js";
import { showOutcomes } from "../../parts/batch.js";
import { inline } from "../../parts/prose.js";
import { emptyState, heading } from "../../parts/elements.js";
import { tabs } from "../../parts/tabs.js";
import { recordsOf } from "./data-records.js";
import { commandOf, pythonOf } from "./code-examples.js";
import { costOrigin, costText, factsOfOne } from "./facts.js";
import { inputField, matchingField, matchingFor } from "./inputs.js";
import { jobName, pathOf, shortName } from "./naming.js";
import { parameterField } from "./parameters.js";
import { schedulingFields } from "./scheduling.js";
import { sweepFields } from "./sweep.js";
import { requestOf, submitJob, showErrorAtField, showProblems } from "./submit-job.js";
import { batchFields, batchOf, createBatch, estimateCard, isBatch } from "./run-batch.js";
import { TRY_SECONDS, canSelectPart, ofWholeVideo, tryRequest } from "./try-out.js";

/** Parameters that most analytics have in common. They are in a collapsed section, so that the analytic's own stand out. */
const COMMON_PARAMETERS = new Set(["first_frame", "last_frame", "start_seconds", "end_seconds", "fps", "region", "strict"]);

/** Number of parts into which the platform divides a job at most. */
const MAX_PARTS = 64;

export function page({ id, query }) {
  return loadedRecord(
    () => fetchForm(id, query),
    { noun: "analytic", list: "/analytics" },
    (fetched) => {
      const { analytic } = fetched;
      const title = heading(`Run ${shortName(analytic.name)[1]}`, h("a.button", { href: pathOf(analytic) }, "Details"));
      if (!hasScope("run")) return [title, emptyState("You cannot run analytics", "Your role is viewer. Ask the operator of the platform to change it.")];
      if (analytic.unavailable_reason) return [title, emptyState("This analytic cannot run", `Reason: ${analytic.unavailable_reason}.`, h("a.button", { href: pathOf(analytic) }, "Details"))];
      const facts = factsOfOne(analytic.id);
      const cost = () => facts.value?.cost && h("span.muted", { title: costOrigin(facts.value) }, costText(facts.value));
      return [title, h("p.subheading", {}, h("span.muted", {}, `${analytic.name} ${analytic.version}`), cost), runForm(fetched)];
    },
  );
}

/** Fetch the manifest, and the initial values of the form. */
async function fetchForm(id, query) {
  const [{ analytic, ...document }, request] = await Promise.all([
    get(`/analytics/${encodeURIComponent(id)}`),
    query.get("job") ? get(`/jobs/${encodeURIComponent(query.get("job"))}/request`) : { inputs: {}, parameters: {} },
  ]);
  if (query.get("whole")) request.parameters = ofWholeVideo(request.parameters);
  const dataIds = (query.get("data") ?? "").split(",").filter(Boolean);
  const named = [...Object.values(request.inputs), ...Object.values(request.parameters)].map((value) => value?.["data-id"]).filter(Boolean);
  const records = new Map((await recordsOf([...new Set([...dataIds, ...named])])).map((record) => [record.id, record]));
  const main = mainInput(document);
  const matching = main && query.has("matching") ? await matchingFor(main, query.get("matching"), query.get("collection")) : null;
  return { analytic, document, request, records, dataIds, matching };
}

const mainInput = ({ inputs }) => inputs.find(({ required }) => required) ?? inputs[0];

function runForm({ analytic, document, request, records, dataIds, matching }) {
  const main = mainInput(document);
  const mainChosen = signal([]);
  const inputs = document.inputs.map((input) => {
    if (input === main && matching) return matchingField(input, matching);
    const given = request.inputs[input.name]?.["data-id"];
    const ids = input === main && dataIds.length ? dataIds : given ? [given] : [];
    return inputField(input, ids.map((each) => records.get(each)), input === main, input === main ? undefined : request.inputs[input.name]?.["job-id"], input === main ? undefined : () => mainChosen.value);
  });
  const chosen = inputs.find(({ name }) => name === main?.name)?.chosen ?? signal([]);
  effect(() => (mainChosen.value = chosen.value));
  const ranges = document.extensions?.parameters ?? {};
  const parameters = document.parameters.map((parameter) => {
    const given = request.parameters[parameter.name];
    const known = given?.["data-id"] ? { ...given, name: records.get(given["data-id"])?.name } : given;
    return parameterField(parameter, ranges[parameter.name] ?? {}, known, () => chosen.value[0]?.id);
  });
  const fields = [...inputs, ...parameters];
  const others = inputs.filter(({ name }) => name !== main?.name);
  const sweep = sweepFields(document.parameters, ranges);
  const job = jobFields(analytic, document, request, { chosen, others, matching, sweep });
  const requestFor = (dataId) => requestOf(analytic, fields, job, main?.name, dataId);
  const batch = computed(() => {
    if (!job.isOneBatch() || (matching ? matching.count === 0 : chosen.value.length === 0)) return null;
    const selection = matching ? { query: { search: matching.search } } : { data_ids: chosen.value.map(({ id }) => id) };
    return batchOf(requestFor(chosen.value[0]?.id), main.name, selection, sweep.sets.value, { name: job.name.value, scheduling: job.scheduling.value, options: job.batch.options.value });
  });
  const submit = () => {
    const further = batch.peek() && others.find(({ value }) => value.peek());
    if (further) {
      further.error.value = "Runs of a batch have one input. Remove this one, or run the videos one by one.";
      return further.focus();
    }
    return submitAll({ fields: [...fields, sweep, job.batch], chosen, job, requestFor, batch });
  };
  const verb = () => {
    if (batch.value) return batchVerb(matching ?? { count: chosen.value.length, isExact: true }, sweep.sets.value.length);
    return `${job.isStarted.value ? "Start" : "Create"} ${chosen.value.length > 1 ? `${count(chosen.value.length)} jobs` : "job"}`;
  };
  return h(
    "div.columns.run",
    {},
    form([h("section.card", {}, inputs.map(({ node }) => node)), parameterSections(parameters), main && sweep.node, h("section.card", {}, h("h2", {}, "Job"), job.nodes)], { verb, submit, isValidated: false, buttons: canSelectPart(document) && main && !matching && tryButton(fields, chosen, requestFor) }),
    h("aside", {}, estimateCard(batch), preview(computed(() => requestFor(chosen.value[0]?.id)), job, chosen, matching && batch)),
  );
}

function batchVerb({ count: number, isExact }, sets) {
  const videos = `${countOrMore(number, isExact)} ${number === 1 ? "video" : "videos"}`;
  return sets > 1 ? `Run ${count(sets)} sets on ${videos}` : `Run on ${videos}`;
}

/** A button that runs the form on a few seconds of the first chosen video. */
function tryButton(fields, chosen, requestFor) {
  const run = async () => {
    if (!showProblems(fields)) return;
    const [video] = chosen.peek();
    try {
      await tryRequest(requestFor(video.id), video);
    } catch (error) {
      if (!showErrorAtField(error, fields)) throw error;
    }
  };
  return button(`Try on ${TRY_SECONDS} seconds`, run, { disabled: () => chosen.value.length > 1 });
}

function parameterSections(fields) {
  const [own, common] = [fields.filter(({ name }) => !COMMON_PARAMETERS.has(name)), fields.filter(({ name }) => COMMON_PARAMETERS.has(name))];
  const isSet = common.some(({ value }) => value.peek() !== undefined);
  return [
    own.length > 0 && h("section.card", {}, h("h2", {}, "Parameters"), own.map(({ node }) => node)),
    common.length > 0 && h("details.card", { open: isSet }, h("summary", {}, h("h2", {}, "Frames and region"), h("span.muted", {}, "the whole video by default")), h("div.pairs", {}, common.map(({ node }) => node))),
  ];
}

/** The fields of the job itself: name, hardware, number of parts, expiry, whether it starts immediately, and those of a batch. */
function jobFields(analytic, document, request, { chosen, others, matching, sweep }) {
  const [name, isStarted, moment, computeMode, parts] = [signal(""), signal(true), signal(""), signal(request.compute_mode ?? ""), signal(request.split?.parts ?? 0)];
  const more = schedulingFields();
  const ttl = computed(() => (moment.value ? new Date(moment.value).toISOString() : ""));
  const isSelection = () => matching !== null || sweep.sets.value.length > 1; // which only a batch can run
  const isOneBatch = () => isSelection() || (!parts.value && isBatch(chosen.value, isStarted.value, ttl.value, others));
  const preset = (record) => jobName(analytic.name, record?.name);
  const placeholder = () => (isOneBatch() ? jobName(analytic.name, matching ? (matching.collection ?? "videos that match") : `${chosen.value.length} ${chosen.value.length === 1 ? "video" : "videos"}`) : preset(chosen.value[0]));
  const nameOf = (record) => {
    if (name.value === "") return preset(record);
    return chosen.value.length > 1 ? `${name.value}: ${record.name}` : name.value;
  };
  const ofJobs = (node) => {
    effect(() => (node.hidden = isSelection()));
    return node;
  };
  const batch = batchFields(() => isOneBatch() && (matching !== null || chosen.value.length > 0));
  const modes = [["", "automatic"], ["CPU", "CPU"], ["GPU", "GPU"]];
  const nodes = [
    field("Name", h("input", { type: "text", maxlength: 255, placeholder, oninput: (event) => (name.value = event.target.value.trim()) }), {
      hint: () => (chosen.value.length > 1 && name.value && !isOneBatch() ? "The name of each video is added to it." : "Optional"),
    }),
    analytic.supports_cpu && analytic.supports_gpu && field("Compute mode", select(modes, { value: computeMode.peek(), onchange: (event) => (computeMode.value = event.target.value) })),
    document.extensions?.split && ofJobs(field("Parts", h("input", { type: "number", name: "parts", min: 2, max: MAX_PARTS, placeholder: "1", value: parts.peek() || "", oninput: (event) => (parts.value = Number(event.target.value)) }), { hint: "Optional. A long video is divided into up to so many parts, which run side by side." })),
    ofJobs(field("Expires", dateInput("ttl", { oninput: (event) => (moment.value = event.target.value) }), { hint: "Optional. By default the platform's lifetime for jobs applies." })),
    ofJobs(checkbox("Start immediately", { checked: true, onchange: (event) => (isStarted.value = event.target.checked) })),
    batch.node,
    more.node,
  ];
  return { nodes, name, nameOf, isStarted, ttl, computeMode, parts, isOneBatch, batch, scheduling: more.options };
}

function preview(request, job, chosen, matchingBatch) {
  if (matchingBatch) return h("section.card.preview", {}, h("h2", {}, "Preview"), codeBlock("JSON", () => JSON.stringify(matchingBatch.value, null, 2)));
  const options = () => ({ isStarted: job.isStarted.value, ttl: job.ttl.value, scheduling: job.scheduling.value });
  const name = () => job.nameOf(chosen.value[0]);
  const entries = [
    { name: "request", title: "Job request", content: () => codeBlock("JSON", () => JSON.stringify(request.value, null, 2)) },
    { name: "python", title: "Python", content: () => codeBlock("Python", () => pythonOf(request.value, name(), options())) },
    { name: "command", title: "Command line", content: () => codeBlock("Command line", () => commandOf(request.value, name(), options())) },
  ];
  return h(
    "section.card.preview",
    {},
    h("h2", {}, "Preview"),
    h("p.muted", {}, () => (chosen.value.length > 1 ? inline(`The request for the first of ${count(chosen.value.length)} videos. Each video gets its own job.`) : "Parameters with default values are omitted.")),
    tabs(entries, "as"),
  );
}

/** Submit one batch for all chosen videos. */
async function submitBatch(body, fields) {
  try {
    await createBatch(body);
  } catch (error) {
    if (!showErrorAtField(error, fields)) throw error;
  }
}

/** Submit a job for each chosen video, one after the other. Videos whose job could not be submitted stay chosen. */
async function submitAll({ fields, chosen, job, requestFor, batch }) {
  if (!showProblems(fields)) return;
  if (batch.peek()) return submitBatch(batch.peek(), fields);
  const records = chosen.peek().length ? chosen.peek() : [undefined];
  const options = { isStarted: job.isStarted.peek(), ttl: job.ttl.peek(), scheduling: job.scheduling.peek() };
  const [jobs, failed] = [[], []];
  for (const record of records) {
    try {
      jobs.push(await submitJob(requestFor(record?.id), job.nameOf(record), options));
    } catch (error) {
      failed.push({ record, error });
      if (jobs.length === 0 && failed.length === 1 && records.length > 1 && showErrorAtField(error, fields)) return; // the others would fail the same way
    }
  }
  if (failed.length === 0) return navigate(jobs.length === 1 ? `/jobs/${encodeURIComponent(jobs[0].id)}` : `/jobs?search=${encodeURIComponent(term("id", ...jobs.map(({ id }) => id)))}`);
  if (records.length > 1) {
    chosen.value = failed.map(({ record }) => record);
    const done = jobs.map(({ name }) => ({ name }));
    return showOutcomes([...done, ...failed.map(({ record, error }) => ({ name: record.name, error: errorText(error) }))], "submitted");
  }
  if (!showErrorAtField(failed[0].error, fields)) throw failed[0].error;
}
