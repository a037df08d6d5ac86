/** The list of rules: analytics that run on each new video. */

import { h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { hasScope } from "../../../core/session.js";
import { button } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { emptyState, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { newRule } from "./new-rule.js";

const TITLES = ["Name", "Videos", "State", "Results", "Failed", "Created"];

export function page() {
  const version = signal(0);
  const create = async () => (await newRule()) && version.update((number) => number + 1);
  const newButton = () => hasScope("run") && button("New rule…", create, { symbol: "add", kind: "primary" });
  return subpage(
    "/jobs",
    "Rules",
    newButton(),
    () => version.value >= 0 && loaded((aborted) => get("/rules", {}, { signal: aborted }), ({ rules }) => (rules.length ? table(rules) : empty(newButton()))),
  );
}

/** Which videos a rule runs on. */
export function videosOf({ trigger, collection, place }) {
  if (trigger === "upload") return "all new videos";
  if (trigger === "collection") return ["new in ", h("a", { href: `/collections/${encodeURIComponent(collection)}` }, h("bdi", {}, place))];
  return ["new in the source ", h("bdi", {}, place)];
}

/** The state of a rule as a badge. */
export const ruleState = ({ state }) => h("span.state", { class: state === "ACTIVE" ? "good" : "" }, state.toLowerCase());

function table(rules) {
  const row = (rule) => {
    const { complete, reused, failed } = rule.counts;
    const cells = [
      h("a", { href: `/jobs/rules/${encodeURIComponent(rule.id)}` }, h("bdi", {}, rule.name)),
      videosOf(rule),
      ruleState(rule),
      count(complete + reused),
      count(failed),
      timeAgo(rule.created_date),
    ];
    return h("tr", {}, cells.map((cell, index) => h("td", { class: TITLES[index] === "Results" || TITLES[index] === "Failed" ? "number" : "wide", "data-title": TITLES[index] }, cell)));
  };
  return h(
    "table",
    { "aria-label": "Rules" },
    h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, rules.map(row)),
  );
}

const empty = (action) => emptyState("No rules", "Rules that you create appear here. A rule runs analytics on each new video: on all that you add, or on those that you add to a collection.", action);
