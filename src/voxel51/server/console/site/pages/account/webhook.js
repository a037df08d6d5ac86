/** The page of one webhook: its settings and its deliveries. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { every, signal } from "../../core/reactive.js";
import { navigate } from "../../core/router.js";
import { confirmAction } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { loaded } from "../../parts/load.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { emptyState, facts, timeAgo } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { editWebhook, eventsText, handOutSecret } from "./webhook-dialogs.js";
import { webhookState } from "./webhooks.js";

const POLL_MILLISECONDS = 2000;

export function page({ id }) {
  const path = `/webhooks/${encodeURIComponent(id)}`;
  const deliveries = deliveryList(path);
  return loaded(
    async (aborted) => (await get(path, {}, { signal: aborted })).webhook,
    (webhook, reload) =>
      subpage(
        "/account",
        "Webhook",
        actions(path, webhook, reload, deliveries.reload),
        h("section.card", {}, about(webhook)),
        h("h2.part", {}, "Deliveries"),
        deliveries.node,
      ),
  );
}

function about(webhook) {
  return [
    facts([
      ["URL", h("code", {}, webhook.url)],
      ["Description", webhook.description],
      ["Events", eventsText(webhook.events)],
      ["State", webhookState(webhook)],
      ["Created", timeAgo(webhook.upload_date)],
    ]),
    !webhook.enabled && webhook.disabled_reason && h("p.error.below", {}, webhook.disabled_reason),
  ];
}

function actions(path, webhook, reload, reloadDeliveries) {
  const test = () => attempt(async () => (await call("POST", `${path}/test`), notify("Test event sent"), reloadDeliveries()));
  const setEnabled = (enabled) => () => attempt(async () => (await call("PATCH", path, { json: { enabled } }), reload()));
  const rotateSecret = async () => {
    const text = "The current secret becomes invalid: your program rejects messages until it has the new one.";
    if (!(await confirmAction("Rotate the signing secret?", text, "Rotate secret"))) return;
    await attempt(async () => handOutSecret((await call("POST", `${path}/secret`)).secret));
  };
  const remove = async () => {
    if (!(await confirmAction("Delete this webhook?", `${webhook.url} receives no more events, and its list of deliveries is deleted.`, "Delete"))) return;
    await attempt(async () => {
      await call("DELETE", path);
      notify("Webhook deleted");
      navigate("/account/webhooks");
    });
  };
  return [
    webhook.enabled ? button("Send test event", test, { kind: "primary" }) : button("Enable", setEnabled(true), { kind: "primary" }),
    button("Edit…", async () => (await editWebhook(webhook)) && reload()),
    menu(icon("more"), "More actions", () => [
      webhook.enabled ? { title: "Disable", run: setEnabled(false), symbol: icon("pause") } : null,
      { title: "Rotate secret…", run: rotateSecret, symbol: icon("key") },
      { title: "Delete…", run: remove, symbol: icon("trash"), isDangerous: true },
    ]),
  ];
}

function deliveryList(path) {
  const isPending = signal(false);
  const list = listing({
    label: "Deliveries",
    load: async ({ sort, offset, limit, signal: aborted }) => {
      const { deliveries, ...totals } = await get(`${path}/deliveries`, { sort, offset, limit }, { signal: aborted });
      isPending.value = deliveries.some(({ state }) => state === "PENDING");
      return { rows: deliveries, ...totals };
    },
    columns: [
      { title: "Sent", sort: "upload_date", cell: (row) => timeAgo(row.value.upload_date) },
      { title: "Event", cell: (row) => row.value.event },
      { title: "State", cell: (row) => state(row.value) },
      { title: "Result", kind: "wide", cell: (row) => result(row.value) },
      { title: "Actions", kind: "row-actions", cell: (row) => row.value.state !== "PENDING" && resendButton(path, row.value, list.reload) },
    ],
    sort: "upload_date:desc",
    empty: () => emptyState("No deliveries yet", "Events sent to this webhook appear here. Send a test event, or run a job."),
  });
  every(POLL_MILLISECONDS, () => isPending.peek() && list.reload());
  return list;
}

function state({ state: name }) {
  const kind = { DELIVERED: "good", FAILED: "bad", PENDING: "busy" }[name] ?? "";
  return h("span.state", { class: kind }, name.toLowerCase());
}

function result({ last_status: status, error, attempts, next_attempt_date: next, state: name }) {
  const after = attempts > 1 ? ` after ${attempts} attempts` : "";
  if (name === "DELIVERED") return `status ${status}${after}`;
  const outcome = attempts ? [error ?? `status ${status}`, after] : ["not sent yet"];
  return name === "PENDING" && attempts ? [outcome, "; next attempt ", timeAgo(next)] : outcome;
}

function resendButton(path, { id, event }, reload) {
  const resend = () => attempt(async () => (await call("POST", `${path}/deliveries/${encodeURIComponent(id)}/replay`), await reload()));
  return button("Resend", resend, { "aria-label": `Resend ${event}` });
}
