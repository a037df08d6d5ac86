/** The network page: the hosts that analytics ask for, and the grants of operators. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { confirmAction, dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { filterAndPage, listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { emptyState } from "../../parts/elements.js";
import { hostList } from "../analytics/network.js";
import { adminPage } from "./admin-page.js";

const pathOf = (request) => `/admin/analytics/${encodeURIComponent(request.analytic_id)}/network`;

export function page() {
  return adminPage("Network", () => [explanation(), requests().node]);
}

function explanation() {
  return h("p.muted", {}, "Jobs reach no host but the platform, unless the manifest of their analytic asks for others and an operator grants them. A grant holds for all versions of an analytic that ask for no other hosts.");
}

function requests() {
  const list = listing({
    label: "Network access",
    load: async ({ signal, ...query }) => {
      const { requests: all } = await get("/admin/network", {}, { signal });
      return filterAndPage(all.map((request) => ({ ...request, id: request.analytic_id })), ["name"], query);
    },
    columns: [
      { title: "Analytic", kind: "wide", cell: (row) => [row.value.name, " ", h("span.muted", {}, row.value.version)] },
      { title: "Hosts", kind: "wide", cell: (row) => [hostList(row.value.network.hosts), furtherHosts(row.value.further_hosts)] },
      { title: "Actions", kind: "row-actions", cell: (row) => actions(row, () => list.reload()) },
    ],
    sort: "",
    hint: "Search by name",
    empty: () => emptyState("No requests", "Analytics that ask for network access in their manifest appear here."),
  });
  return list;
}

function furtherHosts(hosts) {
  return hosts.length > 0 && h("p.muted", {}, `Granted to other versions: ${hosts.join(", ")}`);
}

function actions(row, reload) {
  return menu(icon("more"), `Actions for ${row.peek().name}`, () => {
    const request = row.peek(); // as it is when the menu opens
    const isAnyGranted = request.further_hosts.length > 0 || request.network.hosts.some((host) => host.granted);
    return [
      request.network.hosts.length > 0 && { title: "Grant…", run: async () => (await grantAccess(request)) && reload(), symbol: icon("add") },
      isAnyGranted && { title: "Revoke…", run: async () => (await revokeAccess(request)) && reload(), symbol: icon("trash"), isDangerous: true },
    ];
  });
}

/** Ask which hosts to grant, and grant them; resolves to whether it was done. */
function grantAccess(request) {
  const { hosts } = request.network;
  const known = [...new Set(hosts.flatMap((host) => host.private_networks ?? []))].join(", ");
  return dialog(`Network access of ${request.name}`, (close) =>
    form(
      [
        h("p", {}, "The analytic can send the videos of its jobs, their results and the secrets of their owners to the hosts that you grant."),
        h("fieldset", {}, h("legend", {}, "Hosts"), hosts.map((host, index) => checkbox(h("code", {}, host.host), { name: `host-${index}`, checked: true }))),
        field("Private networks", h("input", { name: "networks", value: known, autocomplete: "off", spellcheck: "false" }), {
          hint: "Only for hosts whose addresses are not public: addresses or networks such as 10.0.0.5 or 10.1.0.0/16, separated by commas.",
        }),
      ],
      {
        verb: "Grant",
        cancel: () => close(),
        submit: async (values) => {
          const chosen = hosts.filter((_, index) => values[`host-${index}`]).map((host) => host.host);
          const networks = values.networks.split(",").map((text) => text.trim()).filter(Boolean);
          await call("PUT", pathOf(request), { json: { hosts: chosen, private_networks: networks } });
          notify(`Network access of ${request.name} granted`);
          close(true);
        },
      },
    ),
  );
}

/** Revoke all grants of an analytic after confirmation; resolves to whether it was done. */
async function revokeAccess(request) {
  const text = "All hosts of all its versions are revoked. Jobs of the analytic that wait or run are ended and fail.";
  if (!(await confirmAction(`Revoke the network access of ${request.name}?`, text, "Revoke"))) return false;
  return attempt(async () => {
    const { stopped_jobs: stopped } = await call("DELETE", pathOf(request));
    notify(`Network access of ${request.name} revoked; ${stopped} ${stopped === 1 ? "job" : "jobs"} stopped`);
  });
}
