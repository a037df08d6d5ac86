/** Form fields for the inputs of an analytic: videos or files of the user, and results of jobs. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { countOrMore } from "../../core/format.js";
import { allOf } from "../../core/query.js";
import { computed, effect, signal } from "../../core/reactive.js";
import { button, select } from "../../parts/form.js";
import { fetchJobs } from "../data/jobs-on-file.js";
import { isUnreadable } from "../data/media-types.js";
import { inline } from "../../parts/prose.js";
import { dataChooser } from "./data-chooser.js";
import { readable } from "./naming.js";
import { group } from "./parameters.js";

const isVideo = ({ type }) => type.endsWith(".Video");

/**
 * The field of an input. It has the shape of a parameter's (`parameterField`), and `chosen`, a signal of the records.
 *
 * @param {boolean} isMany whether several may be chosen; each of them gets its own job
 * @param {string | undefined} jobId the job whose output is the input as long as no file is chosen
 * @param {(() => Array<{id}>) | undefined} videos the chosen videos of another input, whose results are offered; read as an effect
 */
export function inputField(input, records, isMany, jobId, videos) {
  const chosen = signal(records);
  const job = signal(jobId);
  const error = signal("");
  const noun = isVideo(input) ? (isMany ? "videos" : "a video") : isMany ? "files" : "a file";
  const chooser = dataChooser(chosen, { noun, isMany });
  const offered = !isVideo(input) && videos && resultSelect(job, videos);
  const control = h("div", {}, offered, chooser, isVideo(input) && notVideos(chosen));
  const more = isMany ? " If you choose several, each gets its own job." : "";
  const output = jobId && !offered && h("span", {}, "The output of ", h("a", { href: `/jobs/${encodeURIComponent(jobId)}` }, "another job"), ", as in the earlier request. Choose a file to use that instead.");
  const node = group(readable(input.name), control, [inline(input.description ?? ""), more, output], error, input.required);
  node.dataset.input = input.name;
  const problem = computed(() => {
    const missing = chosen.value.filter(({ isMissing }) => isMissing);
    if (missing.length > 0) return `${missing.map(({ id }) => id).join(", ")} was deleted. Choose another.`;
    return input.required && !job.value && chosen.value.length === 0 ? `Choose ${offered ? "a result or " : ""}${noun}.` : "";
  });
  effect(() => {
    chosen.value;
    job.value;
    error.value = "";
  });
  effect(() => {
    if (offered && chosen.value.length) job.value = undefined; // the file that was chosen last counts
  });
  const focus = () => [...chooser.querySelectorAll("button")].at(-1).focus();
  const value = computed(() => (chosen.value.length ? { "data-id": chosen.value[0].id } : job.value && { "job-id": job.value }));
  return { name: input.name, part: "inputs", node, chosen, value, problem, error, focus };
}

/** A warning that names the chosen files whose type says that no analytic can read them as a video, and leaves them out. */
function notVideos(chosen) {
  const wrong = computed(() => chosen.value.filter(isUnreadable));
  const names = () => wrong.value.map(({ name }) => name).join(", ");
  const leaveOut = () => (chosen.value = chosen.peek().filter((record) => !isUnreadable(record)));
  return h("div.warning", { role: "status", hidden: () => wrong.value.length === 0 }, h("span", {}, () => (wrong.value.length === 1 ? `${names()} is not a video. Its job may fail.` : `${wrong.value.length} files are not videos: ${names()}. Their jobs may fail.`)), " ", button("Leave out", leaveOut, { kind: "link" }));
}

/** A select of the results of the jobs on the one chosen video; hidden without results, and for several videos. */
function resultSelect(job, videos) {
  const found = signal([]);
  const id = computed(() => (videos().length === 1 ? videos()[0].id : null));
  let last = null;
  effect(() => {
    const video = id.value;
    if (last !== null && video !== last) job.value = undefined; // that of another video
    last = video;
    found.value = [];
    if (video === null) return undefined;
    const left = new AbortController();
    fetchJobs(video, left.signal).then(
      (jobs) => (found.value = jobs.filter(({ state, expired }) => state === "COMPLETE" && !expired)),
      () => {}, // a file can be chosen without this list
    );
    return () => left.abort();
  });
  const options = () => {
    const jobs = found.value;
    const isKnown = !job.value || jobs.some(({ id: known }) => known === job.value);
    return [["", "Choose a result of this video…"], ...(isKnown ? [] : [[job.value, "The result of the earlier request"]]), ...jobs.map((each) => [each.id, each.name])];
  };
  const control = select([], { "aria-label": "Result of a job on this video", onchange: ({ target }) => (job.value = target.value || undefined) });
  effect(() => {
    control.replaceChildren(...options().map(([value, title]) => h("option", { value }, title)));
    control.value = job.value ?? "";
  });
  return h("p", { hidden: () => found.value.length === 0 && !job.value }, control);
}

/** The field of the input for which all videos that match a search are used. */
export function matchingField(input, { shown, collection, count, isExact }) {
  const text = h("p", {}, h("strong", {}, `${countOrMore(count, isExact)} ${isVideo(input) ? "videos" : "files"}`), collection ? [" in the collection ", h("bdi", {}, `“${collection}”`)] : shown ? [" that match ", h("bdi", {}, `“${shown}”`)] : "", ". ", h("a", { href: `/data?${new URLSearchParams({ search: shown })}` }, "Show them"));
  const error = signal("");
  const node = group(readable(input.name), text, [inline(input.description ?? ""), " They are selected again when the batch is created."], error, input.required);
  const problem = computed(() => (count === 0 ? "Nothing matches. Change the search in the list of videos." : ""));
  return { name: input.name, part: "inputs", node, chosen: signal([]), value: signal(undefined), problem, error, focus: () => node.querySelector("a").focus() };
}

/** Return the search for all that match and fit an input, with their number, and the name of the collection that it stands for. */
export async function matchingFor(input, search, collection) {
  const fitting = isVideo(input) ? allOf("type:video", search) : search;
  const { count, is_count_exact: isExact = true } = await get("/data", { fields: "id", search: fitting, limit: 1 });
  return { search: fitting, shown: search, collection, count, isExact };
}
