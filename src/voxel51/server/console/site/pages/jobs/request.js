/** What a job was asked to do. */

import { h } from "../../core/dom.js";
import { may } from "../../core/session.js";
import { codeBlock } from "../../parts/code.js";
import { icon } from "../../parts/icons.js";
import { commandOf, pythonOf } from "../analytics/examples.js";

export function requestTab(job, request) {
  const again = `/analytics/${encodeURIComponent(job.analytic_id)}/run?job=${encodeURIComponent(job.id)}`;
  const whole = { ...request, version: request.version ?? job.version };
  return [
    may("run") && h("p", {}, h("a.button", { href: again }, icon("settings"), "Run again with changes")),
    codeBlock("Job request", JSON.stringify(request, null, 2)),
    codeBlock("Python", pythonOf(whole, job.name, { isStarted: true })),
    codeBlock("Command line", commandOf(whole, job.name, { isStarted: true })),
  ];
}
