/** The webhooks of an account: addresses that are told of its jobs. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { button } from "../../parts/form.js";
import { listing } from "../../parts/listing.js";
import { emptiness, when } from "../../parts/show.js";
import { accountPage } from "./around.js";
import { addWebhook, eventsInWords } from "./webhook-dialogs.js";

export function page() {
  const list = listing({
    label: "Webhooks",
    load: async ({ offset, limit, signal }) => {
      const { webhooks } = await get("/webhooks", {}, { signal });
      return { rows: webhooks.slice(offset, offset + limit), count: webhooks.length };
    },
    columns: [
      { title: "Address", kind: "wide", cell: (row) => address(row.value) },
      { title: "Told of", cell: (row) => eventsInWords(row.value.events) },
      { title: "State", cell: (row) => webhookState(row.value) },
      { title: "Since", cell: (row) => when(row.value.upload_date) },
    ],
    sort: "",
    empty: () => emptiness("No webhooks", "A webhook tells a program of yours what happens to your jobs, as it happens: no need to ask again and again.", create()),
  });
  const create = () => button("New webhook", async () => (await addWebhook()) && list.reload(), { symbol: "add", kind: "primary" });
  return accountPage(
    "Webhooks",
    create(),
    h("p.soft", {}, "Addresses of yours that are told what happens to your jobs. Each message is signed, so that your program knows that it comes from here."),
    list.node,
  );
}

function address({ id, url, description }) {
  return [h("a", { href: `/account/webhooks/${encodeURIComponent(id)}` }, url), description && h("div.soft", {}, description)];
}

/** Whether a webhook is told of anything at present. */
export function webhookState({ enabled, disabled_reason: reason, failures }) {
  if (!enabled) return h("span.state.bad", { title: reason }, "disabled");
  return failures ? h("span.state.busy", {}, `${failures} failed in a row`) : h("span.state.good", {}, "enabled");
}
