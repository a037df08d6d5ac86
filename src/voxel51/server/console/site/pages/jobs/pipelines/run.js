/** The page of one run: its steps as a graph that follows the jobs, its outputs, and what can be done with it. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { onJobEvent } from "../../../core/job-events.js";
import { every, onEnd, signal } from "../../../core/reactive.js";
import { dateTime, percent } from "../../../core/format.js";
import { navigate } from "../../../core/router.js";
import { hasScope } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button } from "../../../parts/form.js";
import { loadedRecord } from "../../../parts/load.js";
import { attempt } from "../../../parts/notices.js";
import { facts, progressBar, stateBadge, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { graph } from "./graph.js";
import { isOpen, runState, stepsText } from "./runs.js";

const REFRESH_DELAY_MILLISECONDS = 300; // several events in a row cause one request
const JOB_ID = / \([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)/; // the graph shows which job is meant
const REUSED = { owner: "Not computed: an earlier result was copied.", application: "Not computed: a result of another user of the application was copied." };
const POLL_MILLISECONDS = 15_000; // for reasons of waiting, which cause no events

export function page({ id }) {
  const path = `/pipeline-runs/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).run,
    { noun: "run", list: "/jobs/pipelines" },
    (first) => view(path, first),
  );
}

function view(path, first) {
  const run = followRun(path, first);
  return subpage(
    "/jobs",
    first.name,
    () => hasScope("run") && actions(path, run),
    h("section.card.batch", { "aria-label": "Progress" }, h("p.progress", { role: "status" }, () => [runState(run.value), " ", progressBar(run.value.progress, "Progress of the run"), " ", h("span.muted", {}, `${stepsText(run.value)} steps complete`)]), () => summary(run.value)),
    h("h2.part", {}, "Steps"),
    h("section.card", { "aria-label": "Steps" }, graph("Steps", first.steps, ({ name }) => node(run, name))),
    h("h2.part", {}, "Outputs"),
    h("section.card", { "aria-label": "Outputs" }, () => outputs(run.value)),
  );
}

/** The run as a signal, kept up to date by the events of its jobs. */
function followRun(path, first) {
  const run = signal(first);
  const left = new AbortController();
  let timer = null;
  const refresh = () =>
    get(path, {}, { signal: left.signal }).then(
      (found) => (run.value = found.run),
      () => {}, // the next event or poll may succeed
    );
  const refreshSoon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      refresh();
    }, REFRESH_DELAY_MILLISECONDS);
  };
  onEnd(() => {
    clearTimeout(timer);
    left.abort();
  });
  onJobEvent((event) => {
    const isOfRun = run.peek().steps.some(({ job_id: id }) => id === event.job_id);
    if (event.event === "gap") refreshSoon();
    else if (isOfRun && event.event === "job_progress") run.value = withProgress(run.peek(), event);
    else if (isOfRun && event.event !== "job_message" && event.event !== "job_partial") refreshSoon();
  });
  every(POLL_MILLISECONDS, () => isOpen(run.peek()) && refresh());
  return run;
}

function withProgress(run, { job_id: id, progress }) {
  const steps = run.steps.map((step) => (step.job_id === id ? { ...step, progress: progress?.fraction ?? step.progress } : step));
  return { ...run, steps, progress: steps.reduce((sum, step) => sum + step.weight * step.progress, 0) };
}

function node(run, name) {
  const step = () => run.value.steps.find((each) => each.name === name);
  const { needs, analytic, version } = step();
  const note = () => step().message ?? (step().state === "COMPLETE" && step().expired ? "The output has expired." : (step().waiting_reason ?? REUSED[step().reused]));
  return [
    h("p.name", {}, h("a", { href: () => `/jobs/${encodeURIComponent(step().job_id)}` }, h("bdi", {}, name))),
    h("p.muted", {}, `${analytic} ${version}`),
    needs.length > 0 && h("p.visually-hidden", {}, `Takes the output of ${needs.join(", ")}`),
    h("p.job-state", {}, () => stateBadge(step().state), () => step().state === "RUNNING" && [progressBar(step().progress, `Progress of ${name}`), h("span.muted", {}, percent(step().progress))]),
    () => note() && h("p", { class: step().message ? "note failure" : "note muted" }, h("bdi", {}, note().replace(JOB_ID, ""))),
  ];
}

function summary(run) {
  const inputs = Object.entries(run.inputs).map(([name, given]) => [name, given["data-id"] ? h("a", { href: `/data/${encodeURIComponent(given["data-id"])}` }, "video") : h("a", { href: `/jobs/${encodeURIComponent(given["job-id"])}` }, "output of a job")]);
  const parameters = Object.entries(run.parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return facts([
    ["Pipeline", [run.pipeline_id ? h("a", { href: `/jobs/pipelines/${encodeURIComponent(run.pipeline_id)}?version=${run.version}` }, h("bdi", {}, run.pipeline)) : h("bdi", {}, run.pipeline), " ", h("span.muted", {}, `version ${run.version}`)]],
    ...inputs.map(([name, link]) => [`Input ${name}`, link]),
    ["Parameters", parameters.join(", ")],
    ["Priority", run.scheduling?.priority],
    ["Not before", run.scheduling?.not_before && dateTime(run.scheduling.not_before)],
    ["Deadline", run.scheduling?.deadline && dateTime(run.scheduling.deadline)],
    ["Started", timeAgo(run.created_date)],
    ["Ended", run.end_date && timeAgo(run.end_date)],
  ]);
}

function outputs(run) {
  const row = ([name, jobId]) => {
    const step = run.steps.find(({ job_id: id }) => id === jobId);
    const isThere = step.state === "COMPLETE" && !step.expired;
    return [name, isThere ? h("a", { href: `/jobs/${encodeURIComponent(jobId)}` }, "Open the result") : h("span.muted", {}, step.expired ? "expired" : step.state === "FAILED" ? "none: the step failed" : "not there yet")];
  };
  return facts(Object.entries(run.outputs).map(row));
}

function actions(path, run) {
  const change = (action) => () => attempt(async () => (run.value = { ...(await call("PUT", `${path}/${action}`)).run }));
  const cancel = async () => {
    const count = run.peek().steps.filter(({ state }) => state !== "COMPLETE" && state !== "FAILED").length;
    const text = count === 1 ? "1 job that has not ended is cancelled." : `${count} jobs that have not ended are cancelled.`;
    if (await confirmAction("Cancel this run?", `${text} Results that are complete stay.`, "Cancel run", { dismiss: "Keep running" })) await change("cancel")();
  };
  const remove = async () => {
    if (!(await confirmAction("Delete this run?", "Its jobs and their results stay.", "Delete"))) return;
    await call("DELETE", path);
    navigate("/jobs/pipelines");
  };
  const hasFailed = run.value.steps.some(({ state }) => state === "FAILED");
  return [
    hasFailed && button("Retry failed steps", change("retry"), { kind: "primary", symbol: "refresh" }),
    isOpen(run.value) ? button("Cancel run", cancel) : button("Delete", remove, { symbol: "trash" }),
  ];
}
