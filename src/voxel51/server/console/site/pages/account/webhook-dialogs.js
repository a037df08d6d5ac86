/** Making webhooks, changing them, and handing out their secrets. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { JOB_MOVES } from "../../core/live.js";
import { dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form } from "../../parts/form.js";
import { copyable } from "../../parts/show.js";

const inWords = (event) => event.replace(/^job_/, "");

/** What a webhook is told of, in short. */
export function eventsInWords(events) {
  if (events.length === JOB_MOVES.length) return "everything";
  return events.map(inWords).join(", ");
}

/** Ask where and of what, make the webhook and hand out its secret; resolves to whether there is one. */
export async function addWebhook() {
  const made = await dialog("New webhook", (close) => webhookForm({ url: "", description: "", events: JOB_MOVES }, "Create", close, (json) => call("POST", "/webhooks", { json })));
  if (made) await handOutSecret(made.secret);
  return Boolean(made);
}

/** Change where a webhook goes and what it is told of; resolves to whether that was done. */
export async function changeWebhook(webhook) {
  const path = `/webhooks/${encodeURIComponent(webhook.id)}`;
  return Boolean(await dialog("Change webhook", (close) => webhookForm(webhook, "Save", close, (json) => call("PATCH", path, { json }))));
}

/** Show a secret, the only time that it can be had. */
export function handOutSecret(secret) {
  return dialog("The webhook's secret", (close) =>
    h(
      "div",
      {},
      h("p", {}, "Your program checks by it that a message comes from here. Keep it now: it is never shown again."),
      h("p", {}, copyable(secret)),
      h("p.soft", {}, "Messages are signed as the Standard Webhooks specification says; libraries for most languages check them."),
      h("footer", {}, button("Done", () => close(true), { kind: "primary", autofocus: true })),
    ),
  );
}

function webhookForm({ url, description, events }, verb, close, send) {
  return form(
    [
      field("Address", h("input", { name: "url", type: "url", required: true, value: url, placeholder: "https://example.org/told", autofocus: true }), { hint: "It is sent a POST request, and answers with a status of 200 to 299." }),
      field("Description", h("input", { name: "description", value: description, autocomplete: "off" })),
      h(
        "fieldset.events",
        {},
        h("legend", {}, "Told when a job is"),
        JOB_MOVES.map((event) => checkbox(inWords(event), { name: event, checked: events.includes(event) })),
      ),
    ],
    {
      verb,
      cancel: () => close(),
      submit: async (values) => {
        const chosen = JOB_MOVES.filter((event) => values[event]);
        const all = chosen.length === JOB_MOVES.length;
        close(await send({ url: values.url, description: values.description, events: all ? null : chosen }));
      },
    },
  );
}
