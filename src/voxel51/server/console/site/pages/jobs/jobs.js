/** The list of jobs, which changes as they do. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { isLive, onJobEvent } from "../../core/live.js";
import { effect, every, onEnd, signal } from "../../core/reactive.js";
import { place, setQuery } from "../../core/router.js";
import { ago, dateTime, duration, percent } from "../../core/format.js";
import { all, term } from "../../core/query.js";
import { may } from "../../core/session.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { select } from "../../parts/form.js";
import { emptiness, heading, progressBar, stateBadge } from "../../parts/show.js";
import { allowedActions } from "./actions.js";
import { afterEvent, ranFor, wasKilled } from "./states.js";

const FIELDS = [
  "id,name,state,archived,expired,upload_date,expiration_date,start_date,completion_date,fail_date,failure_type,analytic_id",
  "analytic,version,progress,queue_position,failure_message",
].join(",");
const FAULTY = { USER: "by its input", ANALYTIC: "by the analytic", PLATFORM: "by the platform" };
const RELOAD_MILLISECONDS = 500;
const STATES = [
  ["", "All", ""],
  ["going", "Going on", term("state", "QUEUED", "SCHEDULED", "RUNNING")],
  ["ready", "Ready", term("state", "READY")],
  ["complete", "Complete", term("state", "COMPLETE")],
  ["failed", "Failed", term("state", "FAILED")],
];
const KEPT = [
  ["", "Not archived", "archived:false"],
  ["archived", "Archived", "archived:true"],
  ["expired", "Expired", "expired:true"],
  ["all", "All, archived too", ""],
];

export function page() {
  const [state, kept] = [chosenOf("state", STATES), chosenOf("kept", KEPT)];
  const now = signal(Date.now());
  every(1000, () => (now.value = Date.now()));
  const list = listing({
    label: "Jobs",
    hint: "Name, or state:failed",
    sort: "upload_date:desc",
    load: async ({ signal: aborted, ...query }) => {
      const { jobs, count } = await get("/jobs", { ...query, fields: FIELDS }, { signal: aborted });
      return { rows: jobs, count };
    },
    columns: columns(now),
    terms: () => all(state.term(), kept.term()),
    isFiltered: () => Boolean(state.name.value || kept.name.value),
    filters: [stateFilter(state.name), select(KEPT, { value: kept.name.peek(), "aria-label": "Archived and expired", onchange: (event) => (kept.name.value = event.target.value) })],
    actions: allowedActions(),
    empty: () => emptiness("No jobs yet", "A job is an analytic that runs on one of your videos.", may("run") && h("a.button.primary", { href: "/analytics" }, icon("play"), "Choose an analytic")),
  });
  keepUp(list);
  return [heading("Jobs", may("run") && h("a.button.primary", { href: "/analytics" }, icon("play"), "Run an analytic")), list.node];
}

/** A choice among `[name, title, terms]` that stands in the page's address. */
function chosenOf(parameter, options) {
  const given = place.peek().query.get(parameter) ?? "";
  const name = signal(options.some(([known]) => known === given) ? given : "");
  effect(() => setQuery({ [parameter]: name.value }));
  return { name, term: () => options.find(([known]) => known === name.value)[2] };
}

function stateFilter(name) {
  const choice = ([value, title]) => h("button", { type: "button", "aria-pressed": () => String(name.value === value), onclick: () => (name.value = value) }, title);
  return h("div.choices", { role: "group", "aria-label": "States" }, STATES.map(choice));
}

/** Rows change by events; what may come or go by one is looked up again, at most every half second. */
function keepUp({ rows, reload }) {
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
    if (event.event !== "job_progress" && event.event !== "job_message") soon();
  });
  let wasLive = isLive.peek();
  effect(() => {
    if (isLive.value && !wasLive) soon();
    wasLive = isLive.value;
  });
}

/** Cells read their row inside functions of their own, so that what has the focus in them stays while others change. */
function columns(now) {
  return [
    { title: "Name", kind: "wide", sort: "name", cell: (row) => h("a", { href: `/jobs/${encodeURIComponent(row.peek().id)}` }, () => row.value.name) },
    { title: "Analytic", kind: "wide", cell: (row) => analytic(row.peek()) },
    { title: "State", kind: "wide", sort: "state", cell: (row) => h("div.job-state", {}, () => stateBadge(row.value.state), () => detail(row.value)) },
    { title: "Submitted", sort: "upload_date", cell: (row) => h("time", { datetime: row.peek().upload_date, title: dateTime(row.peek().upload_date) }, () => ago(row.value.upload_date, now.value)) },
    { title: "Ran for", kind: "number", cell: (row) => () => duration(ranFor(row.value, now.value)) },
  ];
}

function analytic({ analytic: name, version, analytic_id: id }) {
  return name && [h("a", { href: `/analytics/${encodeURIComponent(id)}` }, name), " ", h("span.soft", {}, version)];
}

function detail(job) {
  const { state, progress, queue_position: place, failure_type: fault, archived, expired } = job;
  const kept = expired ? "expired" : archived && "archived";
  if (state === "RUNNING") {
    const fraction = progress?.fraction;
    return [progressBar(fraction), h("span.soft", {}, fraction === undefined ? "" : percent(fraction))];
  }
  if (state === "QUEUED") return place && h("span.soft", {}, place === 1 ? "next" : `place ${place} in the queue`);
  if (state === "FAILED") return h("span.soft", {}, [wasKilled(job) ? "killed" : FAULTY[fault], kept].filter(Boolean).join(", "));
  return kept && h("span.soft", {}, kept);
}
