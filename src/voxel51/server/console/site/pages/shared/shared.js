/** What a share link leads to: the result of one job, for somebody who needs no account. */

import { h } from "../../core/dom.js";
import { Refused, address, get, rendition } from "../../core/api.js";
import { dateTime, percent } from "../../core/format.js";
import { onEnd, signal } from "../../core/reactive.js";
import { place } from "../../core/router.js";
import { icon } from "../../parts/icons.js";
import { failure, loaded } from "../../parts/load.js";
import { textOf } from "../../parts/notices.js";
import { emptiness, facts, heading, progressBar, stateBadge } from "../../parts/show.js";

const GONE = "This link does not lead anywhere (any more): it may have ended, or be incomplete. Ask whoever gave it to you for a new one.";

export function page() {
  const path = `/shared/${encodeURIComponent(place.peek().fragment)}`;
  return loaded(
    (aborted) => look(path, aborted),
    (job) => (job ? sharedJob(path, job) : [heading("Nothing here"), emptiness("The link has ended", GONE)]),
  );
}

/** The job; null where the link leads nowhere. */
async function look(path, signal) {
  if (path === "/shared/") return null;
  try {
    return (await get(path, {}, { signal, signsIn: true })).job;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

function sharedJob(path, job) {
  const isThere = job.state === "COMPLETE";
  return [
    heading(job.name, stateBadge(job.state)),
    job.video && isThere && annotated(path, job),
    h(
      "section.card",
      {},
      facts([
        ["Made by", `${job.analytic} ${job.version}`],
        ["Completed", dateTime(job.completion_date)],
        ["Output", isThere ? job.output_filename : null],
      ]),
      isThere
        ? h("p.below", {}, h("a.button.primary", { href: address(`${path}/output`), download: job.output_filename }, icon("download"), "Download the output"))
        : h("p.below.soft", {}, "There is no output so far. Load this page again later."),
    ),
  ];
}

/** The video with what was found drawn into it, once that is made; before it, how far that is. */
function annotated(path, { name }) {
  const state = signal({});
  const asking = new AbortController();
  onEnd(() => asking.abort());
  const ask = async () => {
    state.value = {};
    const onProgress = ({ fraction }) => (state.value = { fraction });
    try {
      state.value = { source: await rendition(`${path}/renditions/annotated`, {}, { signal: asking.signal, onProgress }) };
    } catch (error) {
      if (error.name !== "AbortError") state.value = { error };
    }
  };
  ask();
  return h("section.shared-video", { "aria-label": "The video with its labels" }, () => {
    const { source, error, fraction } = state.value;
    if (source) return h("video", { src: source, controls: true, playsinline: true, preload: "metadata", "aria-label": name });
    if (!error) return h("div.making", { role: "status" }, h("p", {}, "The video is being prepared…", fraction ? ` ${percent(fraction)}` : ""), progressBar(fraction, "Preparing the video"));
    if (error instanceof Refused && error.status === 400) return h("p.soft", {}, `There is no video to look at: ${textOf(error)}`);
    return failure(error, ask);
  });
}
