/** The page of one pipeline: its steps as a graph, a form that runs it, its runs, and its document. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { signal } from "../../../core/reactive.js";
import { navigate } from "../../../core/router.js";
import { hasScope, session } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../../parts/form.js";
import { loadedRecord } from "../../../parts/load.js";
import { codeBlock, facts, timeAgo } from "../../../parts/elements.js";
import { canShare, shareDialog } from "../../../parts/share-dialog.js";
import { subpage } from "../../../parts/subpages.js";
import { recordsOf } from "../../analytics/data-records.js";
import { inputField } from "../../analytics/inputs.js";
import { schedulingFields } from "../../analytics/scheduling.js";
import { showErrorAtField, showProblems } from "../../analytics/submit-job.js";
import { editDocument, textOf } from "./document.js";
import { graph, orderedSteps } from "./graph.js";
import { pathOf, recentRuns } from "./pipelines.js";
import { runPath } from "./runs.js";
import { canBeScheduled, givenValues, pipelineParameters, schedulePipeline } from "./schedule-pipeline.js";

export function page({ id, query }) {
  const path = `/pipelines/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => {
      const wanted = query.get("version") ? { version: query.get("version") } : {};
      const [{ pipeline }, { versions }, records] = await Promise.all([
        get(path, wanted, { signal: aborted }),
        get(`${path}/versions`, {}, { signal: aborted }),
        query.get("data") ? recordsOf([query.get("data")]) : [],
      ]);
      return { pipeline, versions, records };
    },
    { noun: "pipeline", list: "/jobs/pipelines" },
    (found) => view(path, found),
  );
}

function view(path, { pipeline, versions, records }) {
  const { document } = pipeline;
  const reopen = (version) => navigate(`${pathOf(pipeline)}${version === pipeline.latest_version ? "" : `?version=${version}`}`);
  const { is_own: isOwn } = pipeline;
  const edit = async () => {
    const saved = await editDocument(isOwn ? "Edit pipeline" : "Save as a pipeline of your own", document);
    if (saved) navigate(`${pathOf(saved)}?version=${saved.version}`);
  };
  const schedule = async () => {
    const created = await schedulePipeline(pipeline);
    if (created) navigate(`/jobs/schedules/${encodeURIComponent(created.id)}`);
  };
  const download = () => saveFile(`${pipeline.name}.json`, textOf(document));
  const remove = async () => {
    if (!(await confirmAction("Delete this pipeline?", "All its versions are deleted. Its runs stay.", "Delete"))) return;
    await call("DELETE", path);
    navigate("/jobs/pipelines");
  };
  const share = () => shareDialog(path, pipeline.name, "The user can read all versions of the pipeline, and run it on their own videos with their own rights.");
  const leave = async () => {
    if (!(await confirmAction("Leave this pipeline?", `${pipeline.owner} can share it with you again. Your runs stay; your schedules of it fail.`, "Leave"))) return;
    await call("DELETE", `${path}/shares/${encodeURIComponent(session.peek().account.username)}`);
    navigate("/jobs/pipelines");
  };
  const actions = [
    button("Export", download, { symbol: "download" }),
    hasScope("run") && [canBeScheduled(pipeline) && button("Schedule…", schedule), button(isOwn ? "Edit…" : "Save a copy…", edit)],
    isOwn && canShare() && button("Share", share, { symbol: "share" }),
    isOwn ? hasScope("run") && button("Delete", remove, { symbol: "trash" }) : hasScope("manage") && button("Leave", leave, { symbol: "close" }),
  ];
  const chooser = field(
    "Version",
    select(versions.map(({ version }) => [String(version), version === pipeline.latest_version ? `${version} (latest)` : String(version)]), {
      value: String(pipeline.version),
      onchange: ({ target }) => reopen(Number(target.value)),
    }),
  );
  return subpage(
    "/jobs",
    pipeline.name,
    actions,
    !isOwn && h("p.muted", {}, "Shared by ", h("bdi", {}, pipeline.owner)),
    pipeline.description && h("p.subheading", {}, h("bdi", {}, pipeline.description)),
    h("section.card", { "aria-label": "Steps" }, graph("Steps", orderedSteps(document), node)),
    h(
      "div.columns.run",
      {},
      hasScope("run") ? runForm(path, pipeline, records) : h("div", {}),
      h("aside", {}, h("section.card", { "aria-label": "Version" }, chooser, facts([["Saved", timeAgo(pipeline.version_date)], ["Created", timeAgo(pipeline.created_date)]])), codeBlock("Document", textOf(document))),
    ),
    recentRuns({ pipeline: pipeline.id }),
  );
}

const node = (step) => [h("p.name", {}, h("bdi", {}, step.name)), h("p.muted", {}, step.analytic, step.version && ` ${step.version}`), step.needs.length > 0 && h("p.visually-hidden", {}, `Takes the output of ${step.needs.join(", ")}`)];

/** The form that runs the pipeline: a file for each input, and values of its parameters. */
function runForm(path, pipeline, records) {
  const { inputs = [] } = pipeline.document;
  const files = inputs.map((input, index) => inputField({ description: "", ...input, type: `types.${(input.type ?? "Video").split(".").at(-1)}`, required: true }, index === 0 ? records : [], false));
  const values = pipelineParameters(pipeline, () => files[0]?.chosen.value[0]?.id);
  const fields = [...files, ...values];
  const name = signal("");
  const reuses = signal(false);
  const more = schedulingFields();
  const submit = async () => {
    if (!showProblems(fields)) return;
    const json = {
      version: pipeline.version,
      inputs: givenValues(files),
      parameters: givenValues(values),
      reuse_result: reuses.peek(),
      ...(name.peek() && { name: name.peek() }),
      ...(more.options.peek() && { scheduling: more.options.peek() }),
    };
    try {
      navigate(runPath((await call("POST", `${path}/runs`, { json })).run));
    } catch (error) {
      if (!showErrorAtField(error, fields)) throw error;
    }
  };
  return form(
    [
      files.length > 0 && h("section.card", {}, h("h2", {}, "Run"), files.map((each) => each.node)),
      values.length > 0 && h("section.card", {}, h("h2", {}, "Parameters"), values.map((each) => each.node)),
      h("section.card", {}, field("Name of the run", h("input", { type: "text", maxlength: 255, placeholder: pipeline.name, oninput: ({ target }) => (name.value = target.value.trim()) }), { hint: "Optional" }), checkbox("Reuse results that were computed before", { name: "reuse", onchange: ({ target }) => (reuses.value = target.checked) }), more.node),
    ],
    { verb: "Run pipeline", submit, isValidated: false },
  );
}

function saveFile(name, text) {
  const url = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
