/** One webhook: what it is, and what was sent to it. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { every, signal } from "../../core/reactive.js";
import { go } from "../../core/router.js";
import { confirmed } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { loaded } from "../../parts/load.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { emptiness, facts, when } from "../../parts/show.js";
import { accountPage } from "./around.js";
import { changeWebhook, eventsInWords, handOutSecret } from "./webhook-dialogs.js";
import { webhookState } from "./webhooks.js";

const LOOK_MILLISECONDS = 2000;

export function page({ id }) {
  const path = `/webhooks/${encodeURIComponent(id)}`;
  const deliveries = deliveryList(path);
  return loaded(
    async (aborted) => (await get(path, {}, { signal: aborted })).webhook,
    (webhook, reload) =>
      accountPage(
        "Webhook",
        actions(path, webhook, reload, deliveries.reload),
        h("section.card", {}, about(webhook)),
        h("h2.part", {}, "What was sent"),
        deliveries.node,
      ),
  );
}

function about(webhook) {
  return [
    facts([
      ["Address", h("code", {}, webhook.url)],
      ["Description", webhook.description],
      ["Told when a job is", eventsInWords(webhook.events)],
      ["State", webhookState(webhook)],
      ["Since", when(webhook.upload_date)],
    ]),
    !webhook.enabled && webhook.disabled_reason && h("p.error.below", {}, webhook.disabled_reason),
  ];
}

function actions(path, webhook, reload, lookAgain) {
  const test = () => attempt(async () => (await call("POST", `${path}/test`), notify("A test message is on its way."), lookAgain()));
  const turn = (enabled) => () => attempt(async () => (await call("PATCH", path, { json: { enabled } }), reload()));
  const renew = async () => {
    const text = "The present secret counts no more: your program refuses messages until it knows the new one.";
    if (!(await confirmed("Make a new secret?", text, "Make a new one"))) return;
    await attempt(async () => handOutSecret((await call("POST", `${path}/secret`)).secret));
  };
  const remove = async () => {
    if (!(await confirmed("Delete this webhook?", `${webhook.url} is told of nothing any more, and what was sent to it is forgotten.`, "Delete"))) return;
    await attempt(async () => {
      await call("DELETE", path);
      notify("The webhook is deleted.");
      go("/account/webhooks");
    });
  };
  return [
    webhook.enabled ? button("Send a test", test, { kind: "primary" }) : button("Enable", turn(true), { kind: "primary" }),
    button("Change", async () => (await changeWebhook(webhook)) && reload()),
    menu(icon("more"), "More actions", () => [
      webhook.enabled ? { title: "Disable", run: turn(false), symbol: icon("pause") } : null,
      { title: "New secret…", run: renew, symbol: icon("key") },
      { title: "Delete…", run: remove, symbol: icon("trash"), isDangerous: true },
    ]),
  ];
}

function deliveryList(path) {
  const isPending = signal(false);
  const list = listing({
    label: "Deliveries",
    load: async ({ sort, offset, limit, signal: aborted }) => {
      const { deliveries, count } = await get(`${path}/deliveries`, { sort, offset, limit }, { signal: aborted });
      isPending.value = deliveries.some(({ state }) => state === "PENDING");
      return { rows: deliveries, count };
    },
    columns: [
      { title: "Sent", sort: "upload_date", cell: (row) => when(row.value.upload_date) },
      { title: "Message", cell: (row) => row.value.event.replace(/^job_/, "job is ") },
      { title: "State", cell: (row) => state(row.value) },
      { title: "Result", kind: "wide", cell: (row) => result(row.value) },
      { title: "Actions", kind: "doing", cell: (row) => row.value.state !== "PENDING" && again(path, row.value, list.reload) },
    ],
    sort: "upload_date:desc",
    empty: () => emptiness("Nothing was sent yet", "Send a test, or run a job of which this webhook is told."),
  });
  every(LOOK_MILLISECONDS, () => isPending.peek() && list.reload());
  return list;
}

function state({ state: name }) {
  const kind = { DELIVERED: "good", FAILED: "bad", PENDING: "busy" }[name] ?? "";
  return h("span.state", { class: kind }, name.toLowerCase());
}

function result({ last_status: status, error, attempts, next_attempt_date: next, state: name }) {
  const tries = attempts > 1 ? ` after ${attempts} attempts` : "";
  if (name === "DELIVERED") return `answered ${status}${tries}`;
  const failed = attempts ? [error ?? `answered ${status}`, tries] : ["not tried yet"];
  return name === "PENDING" && attempts ? [failed, "; tried again ", when(next)] : failed;
}

function again(path, { id, event }, reload) {
  const replay = () => attempt(async () => (await call("POST", `${path}/deliveries/${encodeURIComponent(id)}/replay`), await reload()));
  return button("Send again", replay, { "aria-label": `Send ${event} again` });
}
