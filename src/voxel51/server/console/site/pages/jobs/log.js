/** The log tab of a job: what the analytic printed. */

import { h } from "../../core/dom.js";
import { ApiError, download, get, send } from "../../core/api.js";
import { computed, untracked } from "../../core/reactive.js";
import { button } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { emptyState } from "../../parts/elements.js";

const MAX_CHARACTERS = 200_000;

export function logTab(job) {
  const path = `/jobs/${encodeURIComponent(job.peek().id)}/log`;
  const state = computed(() => job.value.state);
  return () => {
    const isReady = state.value === "READY"; // reading the state fetches the log again when the job ends
    return untracked(() => (isReady ? emptyState("No log yet", "The log appears here when the job has finished. Start the job first.") : loaded((signal) => fetchLog(path, job.peek(), signal), (log) => show(log, path, job))));
  };
}

/** Return `{text}`, or `{reason}` if the log is not available. */
async function fetchLog(path, { analytic_id: id }, signal) {
  if (await isPublic(id, signal)) return { reason: ["Log not available", "Only operators can read the logs of public analytics. Messages of the job are on the Messages tab."] };
  try {
    return { text: await (await send("GET", path, { signal })).text() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { reason: error.status === 404 ? ["No log yet", "The log appears here when the job has finished."] : ["Log not available", error.message] };
  }
}

async function isPublic(id, signal) {
  try {
    return (await get(`/analytics/${encodeURIComponent(id)}`, {}, { signal })).analytic.scope === "public";
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false; // a deleted analytic was the user's own
    throw error;
  }
}

function show({ text, reason }, path, job) {
  if (reason) return emptyState(...reason);
  const shown = text.length > MAX_CHARACTERS ? `…\n${text.slice(-MAX_CHARACTERS)}` : text;
  return [
    h("p", {}, button("Download", () => download(path, {}, `${job.peek().id}.log`), { symbol: "download" })),
    h("pre.log", { tabindex: "0", role: "region", "aria-label": "Log" }, shown),
  ];
}
