/** The dialog that schedules a pipeline: its version, its parameters, its videos, and when it runs. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { dialog } from "../../../parts/dialog.js";
import { field, form, select } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { parameterField } from "../../analytics/parameters.js";
import { showErrorAtField, showProblems } from "../../analytics/submit-job.js";
import { scheduleFields, scheduleRequest } from "../schedules/new-schedule.js";

/** Whether schedules can run a pipeline: it takes one video. */
export const canBeScheduled = ({ document }) => document.inputs?.length === 1 && (document.inputs[0].type ?? "Video").split(".").at(-1) === "Video";

/** The fields for the parameters of a pipeline. `video()` is the id of the video that they are for, if there is one. */
export const pipelineParameters = ({ document }, video) => (document.parameters ?? []).map((parameter) => parameterField({ description: "", placeholder: "", ...parameter, required: !("default" in parameter) }, {}, undefined, video));

/** The values of fields that have one, by name. */
export const givenValues = (fields) => Object.fromEntries(fields.filter(({ value }) => value.peek() !== undefined).map((each) => [each.name, each.value.peek()]));

/** Ask when to run a pipeline and create the schedule; resolves to the schedule, or to nothing. */
export function schedulePipeline(pipeline) {
  const collections = async (aborted) => (await get("/collections", {}, { signal: aborted })).collections;
  return dialog("Schedule pipeline", (close) => loaded(collections, (found) => scheduleForm(pipeline, found, close)), { isWide: true });
}

function scheduleForm(pipeline, collections, close) {
  const parameters = pipelineParameters(pipeline, () => undefined);
  const versions = [
    ["", "The latest at each run"],
    [String(pipeline.version), `Always version ${pipeline.version}`],
  ];
  const submit = async ({ version, ...values }) => {
    if (!showProblems(parameters)) return;
    const run = { pipeline: pipeline.id, parameters: givenValues(parameters), ...(version && { version: Number(version) }) };
    const json = scheduleRequest(values, (selection) => ({ type: "pipeline", pipeline: { ...run, selection } }));
    try {
      close((await call("POST", "/schedules", { json })).schedule);
    } catch (error) {
      if (!showErrorAtField(error, parameters)) throw error;
    }
  };
  return form(
    [
      scheduleFields(collections),
      field("Version", select(versions, { name: "version", value: "" })),
      parameters.length > 0 && h("details", {}, h("summary", {}, "Parameters"), h("div.pairs", {}, parameters.map(({ node }) => node))),
    ],
    { verb: "Create schedule", cancel: () => close(), submit, isValidated: false },
  );
}
