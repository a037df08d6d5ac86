/** Dialogs that create and edit webhooks, and hand out their secrets. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { WEBHOOK_EVENTS } from "../../core/job-events.js";
import { dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form } from "../../parts/form.js";
import { copyable } from "../../parts/elements.js";

const eventLabel = (event) => event.replace(/^job_/, "").replace("_", " ");

/** The events of a webhook as a short text. */
export function eventsText(events) {
  if (events.length === WEBHOOK_EVENTS.length) return "all events";
  return events.map(eventLabel).join(", ");
}

/** Ask for the properties of a webhook, create it and hand out its secret; resolves to whether one was created. */
export async function createWebhook() {
  const created = await dialog("New webhook", (close) => webhookForm({ url: "", description: "", events: WEBHOOK_EVENTS }, "Create webhook", close, (json) => call("POST", "/webhooks", { json })));
  if (created) await handOutSecret(created.secret);
  return Boolean(created);
}

/** Edit the URL, description and events of a webhook; resolves to whether it was changed. */
export async function editWebhook(webhook) {
  const path = `/webhooks/${encodeURIComponent(webhook.id)}`;
  return Boolean(await dialog("Edit webhook", (close) => webhookForm(webhook, "Save", close, (json) => call("PATCH", path, { json }))));
}

/** Show a signing secret, which is not shown again. */
export function handOutSecret(secret) {
  return dialog("Signing secret", (close) =>
    h(
      "div",
      {},
      h("p", {}, "Your program verifies with this secret that a message comes from the platform. Copy it now: it is not shown again."),
      h("p", {}, copyable(secret)),
      h("p.muted", {}, "Messages are signed according to the Standard Webhooks specification; libraries exist for most languages."),
      h("footer", {}, button("Done", () => close(true), { kind: "primary", autofocus: true })),
    ),
  );
}

function webhookForm({ url, description, events }, verb, close, send) {
  return form(
    [
      field("URL", h("input", { name: "url", type: "url", required: true, value: url, placeholder: "https://example.org/webhook", autofocus: true }), { hint: "Receives POST requests, and must respond with a status from 200 to 299." }),
      field("Description", h("input", { name: "description", value: description, autocomplete: "off" })),
      h(
        "fieldset.events",
        {},
        h("legend", {}, "Events"),
        WEBHOOK_EVENTS.map((event) => checkbox(eventLabel(event), { name: event, checked: events.includes(event) })),
      ),
    ],
    {
      verb,
      cancel: () => close(),
      submit: async (values) => {
        const chosen = WEBHOOK_EVENTS.filter((event) => values[event]);
        const isAll = chosen.length === WEBHOOK_EVENTS.length; // null subscribes to all events, future ones included
        close(await send({ url: values.url, description: values.description, events: isAll ? null : chosen }));
      },
    },
  );
}
