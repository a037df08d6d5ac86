/** The request tab of a job: its request as JSON, and the code that submits the same job. */

import { h } from "../../core/dom.js";
import { hasScope } from "../../core/session.js";
import { codeBlock } from "../../parts/elements.js";
import { icon } from "../../parts/icons.js";
import { commandOf, pythonOf } from "../analytics/code-examples.js";

export function requestTab(job, request) {
  const editPath = `/analytics/${encodeURIComponent(job.analytic_id)}/run?job=${encodeURIComponent(job.id)}`;
  const complete = { ...request, version: request.version ?? job.version };
  return [
    hasScope("run") && h("p", {}, h("a.button", { href: editPath }, icon("settings"), "Edit and run again")),
    codeBlock("Job request", JSON.stringify(request, null, 2)),
    codeBlock("Python", pythonOf(complete, job.name, { isStarted: true })),
    codeBlock("Command line", commandOf(complete, job.name, { isStarted: true })),
  ];
}
