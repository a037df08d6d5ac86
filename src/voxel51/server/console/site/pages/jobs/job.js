/** The page of one job: progress while it runs, and its result as soon as it is complete. */

import { h } from "../../core/dom.js";
import { download } from "../../core/api.js";
import { computed, effect, every, signal, untracked } from "../../core/reactive.js";
import { navigate, route, setQuery } from "../../core/router.js";
import { hasScope } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loadedRecord } from "../../parts/load.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { heading, stateBadge } from "../../parts/elements.js";
import { jobThumbnail } from "../../parts/job-list.js";
import { tabs } from "../../parts/tabs.js";
import { isLabelsFile } from "../../viewer/output-preview.js";
import { shareLinks } from "../../viewer/tabs/share-links.js";
import { selectsPart } from "../analytics/try-out.js";
import { activityTab } from "./activity.js";
import { allowedActions, retryParts, runAgain } from "./actions.js";
import { chartsTab } from "./charts/charts.js";
import { chooseOther } from "./compare/choose-other.js";
import { analysedFile, fetchJob } from "./job-files.js";
import { followJob } from "./live-job.js";
import { followPartial } from "./live-partial.js";
import { logTab } from "./log.js";
import { messagesTab } from "./messages.js";
import { overviewTab } from "./overview.js";
import { partsCard } from "./parts.js";
import { failureCard, progressCard } from "./progress.js";
import { requestTab } from "./request.js";
import { resultTab } from "./result.js";
import { hasResult } from "./states.js";

export function page({ id, query }) {
  return loadedRecord(() => fetchJob(id), { noun: "job", list: "/jobs" }, (fetched) => jobPage(fetched, query));
}

function jobPage({ job: first, request, inputs, sources }, query) {
  const live = followJob(first);
  const { job } = live;
  const now = signal(Date.now());
  every(1000, () => (now.value = Date.now()));
  const partial = followPartial(job);
  const hasPartial = computed(() => job.value.state !== "COMPLETE" && partial.hasAny());
  const tab = signal(hasResult(first) ? "result" : "overview");
  showPartialResult(hasPartial, tab);
  showResultWhenComplete(job, tab);
  leaveWhenDeleted(live.isDeleted, first);
  const state = computed(() => job.value.state);
  const hasLabels = computed(() => mayHaveLabels(job.value));
  return [
    h("div.job-heading", {}, jobThumbnail(first), heading(first.name, actions(live, analysedFile({ request, inputs }), hasLabels)), h("div.subheading", {}, () => stateBadge(state.value), h("a", { href: `/analytics/${encodeURIComponent(first.analytic_id)}` }, first.analytic), h("span.muted", {}, first.version), selectsPart(request.parameters) && wholeVideo(first), () => job.value.archived && h("span.badge", {}, job.value.expired ? "expired" : "archived"))),
    progressCard(live, now),
    failureCard(job, live.messages, request),
    request.split && partsCard(live),
    h("p", { hidden: () => !hasPartial.value || tab.value === "result" }, button("View partial result", () => (tab.value = "result"), { symbol: "play" })),
    tabs(
      [
        { name: "result", title: "Result", content: () => resultTab({ job, partial, request, inputs, frame: query.get("frame") }) },
        { name: "charts", title: "Charts", isShown: () => hasLabels.value, content: () => () => hasLabels.value && untracked(() => chartsTab(job.peek(), analysedFile({ request, inputs }))) },
        { name: "overview", title: "Overview", content: () => overviewTab(job, { request, inputs, sources }, now) },
        { name: "messages", title: "Messages", content: () => messagesTab(live) },
        { name: "activity", title: "Activity", content: () => activityTab(job) },
        { name: "log", title: "Log", content: () => logTab(job) },
        { name: "request", title: "Request", content: () => requestTab(first, request) },
      ],
      "tab",
      tab,
    ),
  ];
}

/** Return whether a job has an output that may be labels. */
const mayHaveLabels = (job) => hasResult(job) && Boolean(job.output_filename) && isLabelsFile(job.output_filename);

/** A link to the form that runs the request of a job on its whole video, for jobs on a part of it. */
function wholeVideo({ id, analytic_id: analyticId }) {
  const path = `/analytics/${encodeURIComponent(analyticId)}/run?job=${encodeURIComponent(id)}&whole=true`;
  return h("span", {}, h("span.muted", {}, "Part of the video. "), hasScope("run") && h("a", { href: path }, "Run on the whole video"));
}

/** Actions that are needed rarely: they are in a menu, so that the buttons leave the window to the result. */
const RARE = new Set(["dataset", "archive", "unarchive", "expiry"]);

/** Buttons for the actions that apply at present. They are hidden and not removed, so that one with the focus keeps it. */
function actions({ job, refresh }, file, hasLabels) {
  const path = `/jobs/${encodeURIComponent(job.peek().id)}`;
  const apply = ({ name, run }) => {
    const submit = { again: runAgain, parts: retryParts }[name];
    if (submit) return attempt(() => goToNewJob(submit, job.peek()));
    return attempt(async () => {
      await run([job.peek()]);
      if (name !== "delete") await refresh();
    });
  };
  const allowed = allowedActions().filter(({ name }) => name !== "download");
  const rare = (record) => allowed.filter(({ name, isFor }) => RARE.has(name) && isFor(record));
  return [
    button("Download", () => download(`${path}/output`, {}, job.peek().output_filename), {
      symbol: "download",
      hidden: () => !hasResult(job.value) || !job.value.output_filename,
    }),
    h("a.button", { href: `${path}/review`, hidden: () => !hasLabels.value }, icon("check"), "Review"),
    file && button("Compare", () => chooseOther(job.peek(), file), { symbol: "compare", hidden: () => !hasResult(job.value) }),
    hasScope("manage") && button("Share", () => share(job.peek()), { symbol: "share", hidden: () => !hasResult(job.value) }),
    allowed.filter(({ name }) => !RARE.has(name)).map((action) => button(action.title, () => apply(action), { symbol: action.symbol, hidden: () => !action.isFor(job.value) })),
    h("span", { hidden: () => rare(job.value).length === 0 }, menu(icon("more"), "More actions", () => rare(job.peek()).map((action) => ({ title: action.title, symbol: icon(action.symbol), run: () => apply(action) })), { kind: "more" })),
  ];
}

const share = ({ id, name }) => dialog(`Share ${name}`, () => shareLinks(id));

async function goToNewJob(submit, job) {
  const { id, name } = await submit(job);
  notify(`${name} submitted again`);
  navigate(`/jobs/${encodeURIComponent(id)}`);
}

/** Switch from the overview to the first partial result, unless the user has chosen the overview. */
function showPartialResult(hasPartial, tab) {
  effect(() => {
    if (hasPartial.value && untracked(() => tab.value) === "overview" && !route.peek().query.has("tab")) tab.value = "result";
  });
}

/** When the job completes, switch from the overview to the result; on other tabs, show a notice instead. */
function showResultWhenComplete(job, tab) {
  const state = computed(() => job.value.state);
  let before = state.peek();
  effect(() => {
    const hasCompleted = state.value === "COMPLETE" && before !== "COMPLETE";
    before = state.value;
    if (!hasCompleted) return;
    const showResult = () => {
      tab.value = "result";
      setQuery({ tab: "" });
    };
    const shown = untracked(() => tab.value);
    if (shown === "overview") showResult();
    else if (shown !== "result") notify(`${job.peek().name} is complete`, { title: "View result", run: showResult });
  });
}

function leaveWhenDeleted(isDeleted, { name }) {
  effect(() => {
    if (!isDeleted.value) return;
    notify(`${name} deleted`);
    navigate("/jobs", { replace: true });
  });
}
