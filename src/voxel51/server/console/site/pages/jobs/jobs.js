/** The list of jobs, kept up to date by job events. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { FREQUENT_EVENTS, isLive, onJobEvent } from "../../core/job-events.js";
import { effect, every, onEnd, signal } from "../../core/reactive.js";
import { navigate, route, setQuery } from "../../core/router.js";
import { ago, dateTime, duration, percent } from "../../core/format.js";
import { allOf, term } from "../../core/query.js";
import { hasScope } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { notify } from "../../parts/notices.js";
import { select } from "../../parts/form.js";
import { jobThumbnail } from "../../parts/job-list.js";
import { emptyState, progressBar, stateBadge } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { allowedActions } from "./actions.js";
import { comparisonPath } from "./compare/choose-other.js";
import { afterEvent, hasResult, runSeconds, wasCancelled } from "./states.js";

const FIELDS = [
  "id,name,state,archived,expired,upload_date,expiration_date,start_date,completion_date,fail_date,failure_type,analytic_id",
  "analytic,version,progress,queue_position,failure_message,inputs,duration_seconds",
].join(",");
const FAILURE_TYPES = { USER: "invalid input", ANALYTIC: "analytic error", PLATFORM: "platform error" };
const RELOAD_MILLISECONDS = 500;
const STATES = [
  ["", "All", ""],
  ["active", "Active", term("state", "QUEUED", "SCHEDULED", "RUNNING")],
  ["ready", "Ready", term("state", "READY")],
  ["complete", "Complete", term("state", "COMPLETE")],
  ["failed", "Failed", term("state", "FAILED")],
];
const ARCHIVE_FILTERS = [
  ["", "Not archived", "archived:false"],
  ["archived", "Archived", "archived:true"],
  ["expired", "Expired", "expired:true"],
  ["all", "Archived and not archived", ""],
];

export function page() {
  const [state, archive] = [filterInUrl("state", STATES), filterInUrl("archive", ARCHIVE_FILTERS)];
  const now = signal(Date.now());
  every(1000, () => (now.value = Date.now()));
  const list = listing({
    label: "Jobs",
    hint: "Search, for example: night, or state:failed",
    sort: "upload_date:desc",
    load: async ({ signal: aborted, ...query }) => {
      const { jobs, ...totals } = await get("/jobs", { ...query, fields: FIELDS }, { signal: aborted });
      return { rows: jobs, ...totals };
    },
    columns: columns(now),
    terms: () => allOf(state.term(), archive.term()),
    isFiltered: () => Boolean(state.name.value || archive.name.value),
    filters: [stateFilter(state.name), select(ARCHIVE_FILTERS, { value: archive.name.peek(), "aria-label": "Archived and expired", onchange: (event) => (archive.name.value = event.target.value) })],
    actions: [{ title: "Compare", symbol: "compare", isFor: hasResult, run: compareSelected }, ...allowedActions()],
    empty: () => emptyState("No jobs yet", "Jobs appear here. A job runs an analytic on one of your videos.", hasScope("run") && h("a.button.primary", { href: "/analytics" }, icon("play"), "Run an analytic")),
  });
  followEvents(list);
  return subpage("/jobs", "Jobs", hasScope("run") && h("a.button.primary", { href: "/analytics" }, icon("play"), "Run an analytic"), list.node);
}

function compareSelected(jobs) {
  if (jobs.length !== 2) notify("Select two jobs with a result to compare them");
  else navigate(comparisonPath(...jobs.toSorted((one, other) => Date.parse(one.upload_date) - Date.parse(other.upload_date)))); // the older one first
}

/** A choice among options `[name, title, terms]`, kept in the URL. */
function filterInUrl(parameter, options) {
  const given = route.peek().query.get(parameter) ?? "";
  const name = signal(options.some(([known]) => known === given) ? given : "");
  effect(() => setQuery({ [parameter]: name.value }));
  return { name, term: () => options.find(([known]) => known === name.value)[2] };
}

function stateFilter(name) {
  const choice = ([value, title]) => h("button", { type: "button", "aria-pressed": () => String(name.value === value), onclick: () => (name.value = value) }, title);
  return h("div.choices", { role: "group", "aria-label": "States" }, STATES.map(choice));
}

/** Apply events to the rows; if an event may add or remove rows, reload the list, at most every half second. */
function followEvents({ rows, reload }) {
  let timer = null;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      reload();
    }, RELOAD_MILLISECONDS);
  };
  onEnd(() => clearTimeout(timer));
  onJobEvent((event) => {
    rows.update((known) => known.map((job) => (job.id === event.job_id ? afterEvent(job, event) : job)));
    if (!FREQUENT_EVENTS.has(event.event)) soon();
  });
  let wasLive = isLive.peek();
  effect(() => {
    if (isLive.value && !wasLive) soon();
    wasLive = isLive.value;
  });
}

/** Cells read their row in functions of their own, so that an event changes only some nodes and the focus stays. */
function columns(now) {
  return [
    { title: "Name", kind: "wide", sort: "name", cell: (row) => h("a.file-link", { href: `/jobs/${encodeURIComponent(row.peek().id)}` }, jobThumbnail(row.peek()), h("bdi", {}, () => row.value.name)) },
    { title: "Analytic", kind: "wide", cell: (row) => analytic(row.peek()) },
    { title: "State", kind: "wide", sort: "state", cell: (row) => h("div.job-state", {}, () => stateBadge(row.value.state), () => detail(row.value)) },
    { title: "Submitted", sort: "upload_date", cell: (row) => h("time", { datetime: row.peek().upload_date, title: dateTime(row.peek().upload_date) }, () => ago(row.value.upload_date, now.value)) },
    { title: "Run time", kind: "number", cell: (row) => () => duration(runSeconds(row.value, now.value)) },
  ];
}

function analytic({ analytic: name, version, analytic_id: id }) {
  return name && [h("a", { href: `/analytics/${encodeURIComponent(id)}` }, name), " ", h("span.muted", {}, version)];
}

function detail(job) {
  const { state, progress, queue_position: position, failure_type: failureType, archived, expired } = job;
  const archive = expired ? "expired" : archived && "archived";
  if (state === "RUNNING") {
    const fraction = progress?.fraction;
    return [progressBar(fraction), h("span.muted", {}, fraction === undefined ? "" : percent(fraction))];
  }
  if (state === "QUEUED") return position && h("span.muted", {}, position === 1 ? "next in the queue" : `position ${position} in the queue`);
  if (state === "FAILED") return h("span.muted", {}, [wasCancelled(job) ? "cancelled" : FAILURE_TYPES[failureType], archive].filter(Boolean).join(", "));
  return archive && h("span.muted", {}, archive);
}
