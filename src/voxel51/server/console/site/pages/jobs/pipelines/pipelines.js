/** The list of pipelines, and the newest runs. */

import { h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { every, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { navigate } from "../../../core/router.js";
import { hasScope } from "../../../core/session.js";
import { button } from "../../../parts/form.js";
import { loaded, resource } from "../../../parts/load.js";
import { emptyState, loading, timeAgo } from "../../../parts/elements.js";
import { subpage } from "../../../parts/subpages.js";
import { editDocument } from "./document.js";
import { isOpen, runTable } from "./runs.js";

const POLL_MILLISECONDS = 3000;
const TITLES = ["Name", "Owner", "Description", "Steps", "Version", "Changed"];

export const pathOf = ({ id }) => `/jobs/pipelines/${encodeURIComponent(id)}`;

export function page({ query }) {
  const create = async () => {
    const pipeline = await editDocument("New pipeline");
    if (pipeline) navigate(pathOf(pipeline));
  };
  const newButton = () => hasScope("run") && button("New pipeline…", create, { symbol: "add", kind: "primary" });
  return subpage(
    "/jobs",
    "Pipelines",
    newButton(),
    h("section.listing", { "aria-label": "Pipelines" }, loaded((aborted) => get("/pipelines", {}, { signal: aborted }), ({ pipelines }) => (pipelines.length ? table(pipelines) : empty(newButton())))),
    recentRuns(query.get("group") ? { group: query.get("group"), limit: 100 } : {}),
  );
}

/** The newest runs, of all pipelines or of one, which follow their jobs. */
export function recentRuns(query, version = signal(0)) {
  const { state, reload } = resource((aborted) => get("/pipeline-runs", { limit: 25, ...query }, { signal: aborted }));
  every(POLL_MILLISECONDS, () => state.peek().value?.runs.some(isOpen) && reload());
  return () => {
    if (version.value) reload();
    return [
      h("h2.part", {}, "Runs"),
      h("section.listing", { "aria-label": "Runs" }, () => {
        const { value, isThere } = state.value;
        if (!isThere) return loading();
        return value.runs.length ? runTable(value.runs) : emptyState("No runs yet", "Runs of pipelines appear here.");
      }),
    ];
  };
}

function table(pipelines) {
  const row = (pipeline) => {
    const cells = [
      h("a", { href: pathOf(pipeline) }, h("bdi", {}, pipeline.name)),
      h("bdi", {}, pipeline.owner),
      h("bdi.muted", {}, pipeline.description),
      count(pipeline.steps),
      String(pipeline.version),
      timeAgo(pipeline.version_date),
    ];
    return h("tr", {}, cells.map((cell, index) => h("td", { class: TITLES[index] === "Description" || index === 0 ? "wide" : "", "data-title": TITLES[index] }, cell)));
  };
  return h("table", { "aria-label": "Pipelines" }, h("thead", {}, h("tr", {}, TITLES.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, pipelines.map(row)));
}

const empty = (action) => emptyState("No pipelines yet", "Pipelines that you save appear here, and those that others share with you. A pipeline runs several analytics on a video, each with the outputs of others as inputs.", action);
