/** What a job printed. */

import { h } from "../../core/dom.js";
import { Refused, download, get, send } from "../../core/api.js";
import { computed, untracked } from "../../core/reactive.js";
import { button } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { emptiness } from "../../parts/show.js";

const MOST_SHOWN = 200_000;

export function log(job) {
  const path = `/jobs/${encodeURIComponent(job.peek().id)}/log`;
  const state = computed(() => job.value.state);
  return () => {
    const isReady = state.value === "READY"; // the log comes when it ends, so it is looked for again then
    return untracked(() => (isReady ? emptiness("No log yet", "The job was not started.") : loaded((signal) => look(path, job.peek(), signal), (found) => show(found, path, job))));
  };
}

/** The log's text, or the reason why there is none to see. */
async function look(path, { analytic_id: id }, signal) {
  if (await isPublic(id, signal)) return { reason: ["The log is not shown", "Logs of public analytics are for whoever runs the platform. What the job says to you stands under Messages."] };
  try {
    return { text: await (await send("GET", path, { signal })).text() };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { reason: error.status === 404 ? ["No log yet", "It comes when the job ends."] : ["The log is not shown", error.message] };
  }
}

async function isPublic(id, signal) {
  try {
    return (await get(`/analytics/${encodeURIComponent(id)}`, {}, { signal })).analytic.scope === "public";
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return false; // it was deleted: it was one's own
    throw error;
  }
}

function show({ text, reason }, path, job) {
  if (reason) return emptiness(...reason);
  const shown = text.length > MOST_SHOWN ? `…\n${text.slice(-MOST_SHOWN)}` : text;
  return [
    h("p", {}, button("Download", () => download(path, {}, `${job.peek().id}.log`), { symbol: "download" })),
    h("pre.log", { tabindex: "0", role: "region", "aria-label": "Log" }, shown),
  ];
}
