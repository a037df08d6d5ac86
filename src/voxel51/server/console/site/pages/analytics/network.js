/** Network access of an analytic: the hosts that it asks for, and whether an operator has granted them. */

import { h } from "../../core/dom.js";
import { hasScope } from "../../core/session.js";

/** The hosts, each with its state, and for operators the private networks of its grant. */
export function hostList(hosts) {
  return h("ul.plain-list", {}, hosts.map(hostEntry));
}

/** The section of an analytic's page. `network` is absent if the analytic asks for no host. */
export function networkSection(network) {
  if (!network) return null;
  return h(
    "section",
    { "aria-label": "Network access" },
    h("h2", {}, "Network access"),
    hostList(network.hosts),
    !network.granted && h("p.muted", {}, hasScope("administer") ? h("a", { href: "/admin/network" }, "Grant network access") : "Jobs can run after an operator has granted all hosts."),
  );
}

function hostEntry({ host, granted, private_networks: networks = [] }) {
  const state = granted ? h("span.state.good", {}, "granted") : h("span.state.busy", {}, "not granted");
  return h("li", {}, h("code", {}, host), " ", state, networks.length > 0 && h("span.muted", {}, ` also in ${networks.join(", ")}`));
}
