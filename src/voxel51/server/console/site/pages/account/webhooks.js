/** The webhooks page: URLs that receive the job events of the account. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { button } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { emptyState, timeAgo } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { createWebhook, eventsText } from "./webhook-dialogs.js";

export function page() {
  const list = listing({
    label: "Webhooks",
    load: async ({ offset, limit, signal }) => {
      const { webhooks } = await get("/webhooks", {}, { signal });
      return { rows: webhooks.slice(offset, offset + limit), count: webhooks.length };
    },
    columns: [
      { title: "URL", kind: "wide", cell: (row) => link(row.value) },
      { title: "Events", cell: (row) => eventsText(row.value.events) },
      { title: "State", cell: (row) => webhookState(row.value) },
      { title: "Created", cell: (row) => timeAgo(row.value.upload_date) },
    ],
    sort: "",
    empty: () => emptyState("No webhooks", "Webhooks that you create appear here. A webhook sends the events of your jobs to your program, so that it need not poll.", newWebhookButton()),
  });
  const newWebhookButton = () => button("New webhook…", async () => (await createWebhook()) && list.reload(), { symbol: "add", kind: "primary" });
  return subpage(
    "/account",
    "Webhooks",
    newWebhookButton(),
    h("p.muted", {}, "URLs that receive the events of your jobs. Each message is signed, so that your program can verify that it comes from this platform."),
    list.node,
  );
}

function link({ id, url, description }) {
  return [h("a", { href: `/account/webhooks/${encodeURIComponent(id)}` }, url), description && h("div.muted", {}, description)];
}

/** A badge: whether the webhook receives events. */
export function webhookState({ enabled, disabled_reason: reason, failures }) {
  if (!enabled) return h("span.state.bad", { title: reason }, "disabled");
  return failures ? h("span.state.busy", {}, `${failures} failed in a row`) : h("span.state.good", {}, "enabled");
}
