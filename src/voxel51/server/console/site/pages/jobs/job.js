/** One job: how far it is while it runs, and its result from the moment it is there. */

import { h } from "../../core/dom.js";
import { download, get } from "../../core/api.js";
import { computed, effect, every, signal, untracked } from "../../core/reactive.js";
import { go, setQuery } from "../../core/router.js";
import { may } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { loadedRecord } from "../../parts/load.js";
import { attempt, notify } from "../../parts/notices.js";
import { heading, stateBadge } from "../../parts/show.js";
import { tabs } from "../../parts/tabs.js";
import { recordsOf } from "../analytics/data.js";
import { allowedActions, runAgain } from "./actions.js";
import { follow } from "./following.js";
import { log } from "./log.js";
import { messages } from "./messages.js";
import { overview } from "./overview.js";
import { explanation, standing } from "./standing.js";
import { requestTab } from "./request.js";
import { result } from "./result.js";
import { share } from "./sharing.js";
import { hasResult } from "./states.js";

export function page({ id, query }) {
  return loadedRecord(() => everything(id), { what: "job", list: "/jobs" }, (known) => shown(known, query));
}

async function everything(id) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const [{ job }, request] = await Promise.all([get(path), get(`${path}/request`)]);
  const files = Object.entries({ ...request.inputs, ...request.parameters }).filter(([, value]) => value?.["data-id"]);
  const records = await recordsOf([...new Set(files.map(([, value]) => value["data-id"]))]);
  const inputs = files.map(([role, value]) => ({ role, ...records.find((record) => record.id === value["data-id"]) }));
  return { job, request, inputs };
}

function shown({ job: first, request, inputs }, query) {
  const followed = follow(first);
  const { job } = followed;
  const now = signal(Date.now());
  every(1000, () => (now.value = Date.now()));
  const seen = signal(hasResult(first) ? "result" : "overview");
  turnAtTheEnd(job, seen);
  leaveWhenGone(followed.isGone, first);
  const state = computed(() => job.value.state);
  return [
    heading(first.name, actions(followed)),
    h("div.subheading", {}, () => stateBadge(state.value), h("a", { href: `/analytics/${encodeURIComponent(first.analytic_id)}` }, first.analytic), h("span.soft", {}, first.version), () => job.value.archived && h("span.badge", {}, job.value.expired ? "expired" : "archived")),
    standing(followed, now),
    explanation(job, followed.messages, request),
    tabs(
      [
        { name: "result", title: "Result", content: () => result(job, request, inputs, query.get("frame")) },
        { name: "overview", title: "Overview", content: () => overview(job, request, inputs, now) },
        { name: "messages", title: "Messages", content: () => messages(followed) },
        { name: "log", title: "Log", content: () => log(job) },
        { name: "request", title: "Request", content: () => requestTab(first, request) },
      ],
      "tab",
      seen,
    ),
  ];
}

/** Buttons for what can be done to it now; each stays the same element while it can. */
function actions({ job, refresh }) {
  const one = ({ name, title, symbol, isFor, run }) => {
    const work = () =>
      attempt(async () => {
        await run([job.peek()]);
        if (name !== "delete") await refresh();
      });
    return button(title, name === "retry" ? () => attempt(() => again(job.peek())) : work, { symbol, hidden: () => !isFor(job.value) });
  };
  const wanted = allowedActions().filter(({ name }) => name !== "download");
  return [
    button("Download", () => download(`/jobs/${encodeURIComponent(job.peek().id)}/output`, {}, job.peek().output_filename), {
      symbol: "download",
      hidden: () => !hasResult(job.value) || !job.value.output_filename,
    }),
    may("manage") && button("Share", () => share(job.peek()), { symbol: "share", hidden: () => !hasResult(job.value) }),
    wanted.map(one),
  ];
}

async function again(job) {
  const { id, name } = await runAgain(job);
  notify(`${name} was submitted again`);
  go(`/jobs/${encodeURIComponent(id)}`);
}

/** Who watches it run sees the result as soon as it is there; who reads something else is told. */
function turnAtTheEnd(job, seen) {
  const state = computed(() => job.value.state);
  let before = state.peek();
  effect(() => {
    const isNew = state.value === "COMPLETE" && before !== "COMPLETE";
    before = state.value;
    if (!isNew) return;
    const turn = () => {
      seen.value = "result";
      setQuery({ tab: "" });
    };
    if (untracked(() => seen.value) === "overview") turn();
    else notify(`${job.peek().name} is complete`, { title: "See the result", run: turn });
  });
}

function leaveWhenGone(isGone, { name }) {
  effect(() => {
    if (!isGone.value) return;
    notify(`${name} was deleted`);
    go("/jobs", { replace: true });
  });
}
