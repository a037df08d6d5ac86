/** Pauses and limits of the queue: list, set and end them. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { dateTime } from "../../core/format.js";
import { dialog } from "../../parts/dialog.js";
import { button, field, form, select } from "../../parts/form.js";
import { notify } from "../../parts/notices.js";

const SCOPES = [["queue", "The whole queue"], ["user", "A user"], ["application", "An application"], ["analytic", "An analytic"]];

/** The section of the admin overview. @param {{value: Array<object>}} controls */
export function controlSection(controls, reload) {
  return h(
    "section.card.controls",
    { "aria-label": "Pauses and limits" },
    h("h2", {}, "Pauses and limits"),
    () => (controls.value.length ? h("ul", {}, controls.value.map((control) => entry(control, reload))) : h("p.muted", {}, "Nothing is paused or limited.")),
    button("Pause…", async () => (await askPause()) && reload()),
    button("Limit…", async () => (await askLimit()) && reload()),
  );
}

function entry(control, reload) {
  const name = nameOf(control);
  const state = [control.paused && `paused since ${dateTime(control.paused_at)}${control.reason ? `: ${control.reason}` : ""}`, control.running_jobs && `at most ${control.running_jobs} running jobs`];
  return h(
    "li",
    {},
    h("strong", {}, name),
    ` ${state.filter(Boolean).join(", ")} `,
    control.paused && button("Resume", () => change("resume", { scope: control.scope, name: control.name }, `${name} resumed`, reload)),
    control.running_jobs && button("Remove limit", () => change("limit", { scope: control.scope, name: control.name, running_jobs: null }, `Limit of ${name} removed`, reload)),
  );
}

const nameOf = ({ scope, name }) => (scope === "queue" ? "The queue" : `${scope} ${name}`);

async function change(verb, json, done, reload) {
  await call("PUT", `/admin/queue/${verb}`, { json });
  notify(done);
  reload();
}

/** Ask what to pause and why; resolves to whether it was paused. */
function askPause() {
  return ask("Pause jobs", "Pause", SCOPES, "pause", field("Reason", h("input", { name: "reason", maxlength: 500 }), { hint: "Users whose jobs wait see it. Running jobs go on." }), ({ reason }) => ({ reason }));
}

/** Ask what to limit; resolves to whether it was limited. */
function askLimit() {
  const number = field("Running jobs", h("input", { name: "running_jobs", type: "number", min: 1, step: 1, required: true }), { hint: "Jobs that may run at the same time." });
  return ask("Limit running jobs", "Limit", SCOPES.slice(2), "limit", number, (values) => ({ running_jobs: Number(values.running_jobs) }));
}

function ask(title, verb, scopes, route, more, read) {
  return dialog(title, (close) =>
    form(
      [
        field("Applies to", select(scopes, { name: "scope", value: scopes[0][0] })),
        field("Name", h("input", { name: "name", autocomplete: "off", spellcheck: "false" }), { hint: "Name of the user or application, or full name of the analytic, such as voxel51/object-tracks." }),
        more,
      ],
      {
        verb,
        cancel: () => close(),
        submit: async (values) => {
          await call("PUT", `/admin/queue/${route}`, { json: { scope: values.scope, ...(values.name && { name: values.name.trim() }), ...read(values) } });
          close(true);
        },
      },
    ),
  );
}
