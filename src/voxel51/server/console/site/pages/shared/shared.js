/** The page of a share link: the result of one job, for people without an account. */

import { h } from "../../core/dom.js";
import { ApiError, address, get, rendition } from "../../core/api.js";
import { dateTime, percent } from "../../core/format.js";
import { computed, onEnd, signal, untracked } from "../../core/reactive.js";
import { route } from "../../core/router.js";
import { icon } from "../../parts/icons.js";
import { loadError, loaded } from "../../parts/load.js";
import { errorText } from "../../parts/notices.js";
import { unfinished } from "./unfinished.js";
import { emptyState, facts, heading, progressBar, stateBadge } from "../../parts/elements.js";

export function page() {
  // The key is in the fragment, which browsers do not send to servers: it gets into no access log and no referrer.
  const path = `/shared/${encodeURIComponent(route.peek().fragment)}`;
  return loaded(
    (aborted) => fetchJob(path, aborted),
    (job) => (job ? untracked(() => liveJob(path, signal(job))) : [heading("Shared result"), emptyState("Link not valid", "The link has expired, was revoked, or is incomplete. Ask the person who sent it to you for a new link.")]),
  );
}

/** Return the job, or null if the link is not valid. */
async function fetchJob(path, signal) {
  if (path === "/shared/") return null;
  try {
    return (await get(path, {}, { signal, signsIn: true })).job;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** The page of a job, which changes as a whole when the job has become complete. */
function liveJob(path, job) {
  const isComplete = computed(() => job.value.state === "COMPLETE");
  return () => {
    isComplete.value;
    return untracked(() => sharedJob(path, job));
  };
}

function sharedJob(path, live) {
  const job = live.peek();
  const isComplete = job.state === "COMPLETE";
  return [
    heading(job.name, () => stateBadge(live.value.state)),
    job.video && isComplete && annotatedVideo(path, job),
    h(
      "section.card",
      {},
      facts([
        ["Analytic", `${job.analytic} ${job.version}`],
        ["Completed", dateTime(job.completion_date)],
        ["Output file", isComplete ? job.output_filename : null],
      ]),
      isComplete
        ? h("p.below", {}, h("a.button.primary", { href: address(`${path}/output`), download: job.output_filename }, icon("download"), "Download output"))
        : unfinished(path, live),
    ),
  ];
}

/** The video with the labels drawn into it; while the platform makes it, a progress bar. */
function annotatedVideo(path, { name }) {
  const state = signal({});
  const abort = new AbortController();
  onEnd(() => abort.abort());
  const request = async () => {
    state.value = {};
    const onProgress = ({ fraction }) => (state.value = { fraction });
    try {
      state.value = { source: await rendition(`${path}/renditions/annotated`, {}, { signal: abort.signal, onProgress }) };
    } catch (error) {
      if (error.name !== "AbortError") state.value = { error };
    }
  };
  request();
  return h("section.shared-video", { "aria-label": "Video with labels" }, () => {
    const { source, error, fraction } = state.value;
    if (source) return h("video", { src: source, controls: true, playsinline: true, preload: "metadata", "aria-label": name });
    if (!error) return h("div.making", { role: "status" }, h("p", {}, "Preparing the video…", fraction ? ` ${percent(fraction)}` : ""), progressBar(fraction, "Preparing the video"));
    if (error instanceof ApiError && error.status === 400) return h("p.muted", {}, `The video cannot be shown: ${errorText(error)}`);
    return loadError(error, request);
  });
}
