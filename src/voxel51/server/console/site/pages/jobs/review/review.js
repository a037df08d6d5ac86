/** The page of a review: edit the labels of a job, save versions, and learn of versions that others save meanwhile. */

import { ApiError, address, call } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { onJobEvent } from "../../../core/job-events.js";
import { effect, every, listen, signal, untracked } from "../../../core/reactive.js";
import { navigate, route, setQuery } from "../../../core/router.js";
import { hasScope } from "../../../core/session.js";
import { confirmAction } from "../../../parts/dialog.js";
import { heading, loading } from "../../../parts/elements.js";
import { button } from "../../../parts/form.js";
import { loadError, loadedRecord, resource } from "../../../parts/load.js";
import { notify } from "../../../parts/notices.js";
import { readLabels } from "../../../viewer/loading/read-labels.js";
import { fetchVideo } from "../../../viewer/loading/sources.js";
import { steadyIndex } from "../../../viewer/model/frame-index.js";
import { movedEdits, reviewed, UnfitEdit } from "../../../viewer/review/review-model.js";
import { reviewSession } from "../../../viewer/review/review-session.js";
import { reviewViewer } from "../../../viewer/review/review-viewer.js";
import { analysedFile, fetchJob } from "../job-files.js";
import { draftOf, keepDraft } from "./draft.js";
import { fetchMemberJob, memberPath } from "./member.js";
import { changesText, fetchVersions, labelsPath, reviewPage, reviewsPath, versionLine, versionsMenu } from "./versions.js";

const POLL_MILLISECONDS = 30_000; // events come at once; this finds what a broken stream has missed

export function page({ id, query }) {
  return loadedRecord(
    () => Promise.all([query.get("collection") ? fetchMemberJob(id, { collection: query.get("collection"), data: query.get("data") ?? "" }) : fetchJob(id), fetchVersions(id)]),
    { noun: "job", list: "/jobs" },
    ([fetched, versions]) => reviewPageOf(fetched, versions, query),
  );
}

function reviewPageOf({ job, request, inputs }, versions, query) {
  const file = analysedFile({ request, inputs });
  const { member } = job;
  const asked = query.get("version");
  const base = asked === null ? (versions[0]?.version ?? 0) : Number(asked);
  const { state, reload } = resource((abort) => fetchContent(job, file, base, abort));
  return [
    heading(`Review ${job.name}`, h("a.button", { href: member ? `/collections/${encodeURIComponent(member.collection)}` : `/jobs/${encodeURIComponent(job.id)}` }, member ? "Collection" : "Result")),
    () => {
      const { value, error, isThere } = state.value;
      if (error) return loadError(error, reload);
      return isThere ? untracked(() => content({ job, file, versions, base }, value)) : loading("Loading the video and the labels…");
    },
  ];
}

async function fetchContent(job, file, base, signal) {
  const [labels, video] = await Promise.all([
    readLabels(labelsPath(job.id, base), { signal }),
    file && !job.member && fetchVideo(file.id, { signal }).catch((error) => {
      if (error.name === "AbortError") throw error;
      return null; // the labels are reviewed without a picture
    }),
  ]);
  const index = video?.index ?? steadyIndex(Math.max(labels.lastFrame, labels.metadata.total_frame_count || 1), labels.metadata.frame_rate, labels.metadata.frame_size);
  // Members are shown as they are: renditions are made for owners only.
  return { labels, index, video: job.member ? address(`${memberPath(job.member)}/download`) : (video?.address ?? null) };
}

function content({ job, file, versions: first, base: firstBase }, { labels, index, video }) {
  const versions = signal(first);
  const base = signal(firstBase);
  const known = signal(first[0]?.version ?? 0); // the newest version that the reviewer has seen
  const unfit = signal([]);
  const session = reviewSession(labels, fittingDraft(labels, draftOf(job.id, firstBase)));
  if (session.edits.peek().length) notify("Your unsaved edits were restored");
  const newer = () => versions.value.filter(({ version }) => version > known.value);

  const refresh = async () => (versions.value = await fetchVersions(job.id));
  onJobEvent((event) => {
    const mayBeNew = event.event === "gap" || (event.event === "job_reviewed" && event.job_id === job.id);
    if (mayBeNew) refresh().catch(() => {}); // the poll tries again
  });
  every(POLL_MILLISECONDS, () => refresh().catch(() => {}));
  effect(() => keepDraft(job.id, base.value, session.edits.value));
  guardLeaving(session);

  async function save() {
    const edits = session.edits.peek();
    if (!edits.length) return notify("Nothing to save");
    try {
      const { review } = await call("POST", reviewsPath(job.id), { json: { base: base.peek(), latest: known.peek(), edits } });
      known.value = base.value = review.version;
      session.restart();
      unfit.value = [];
      setQuery({ version: review.version });
      notify(`Saved as review ${review.version}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      await refresh(); // the notice about newer versions says what has changed
      notify("Not saved: the labels were saved elsewhere in the meantime");
      return;
    }
    await refresh();
  }

  /** Go on from the newest version, with the edits that fit it. */
  async function moveToNewest() {
    const newest = versions.peek()[0].version;
    const next = await readLabels(labelsPath(job.id, newest));
    const moved = movedEdits(next, session.edits.peek());
    session.restart(next, moved.fitting);
    known.value = base.value = newest;
    unfit.value = moved.unfit;
    setQuery({ version: newest });
    notify(`Your edits are now based on review ${newest}`);
  }

  const saveNow = () => save().catch((error) => notify(`Not saved: ${error.message}`));
  const isSaveOff = () => !session.isChanged() || !hasScope("run");
  return [
    h(
      "div.review-head",
      {},
      h("p.muted", {}, () => (base.value ? `Based on review ${base.value}. ` : "Based on the output of the job. "), () => (session.isChanged() ? `${session.edits.value.length} unsaved ${session.edits.value.length === 1 ? "edit" : "edits"}` : "No unsaved edits")),
      h("div.actions", {}, versionsMenu(job, () => versions.peek(), () => base.peek(), () => navigate(reviewPage(job.id, undefined, job.member))), button("Save review", save, { kind: "primary", disabled: isSaveOff, "aria-keyshortcuts": "Control+S" })),
    ),
    !hasScope("run") && h("p.warning", { role: "status" }, "Your account may view reviews, but not save them."),
    h("div", { role: "alert" }, () => newer().length > 0 && newerNotice(newer(), session.isChanged(), moveToNewest, () => (known.value = newer()[0].version))),
    () => unfit.value.length > 0 && unfitNotice(unfit.value, () => (unfit.value = [])),
    reviewViewer({ session, index, video, dataId: video && !job.member ? file?.id : null, filename: file?.name ?? job.name, first: Number(route.peek().query.get("frame")) || labels.firstFound, save: saveNow }),
  ];
}

/** Return the edits of a draft if they fit the labels; none if they do not, as after a change of the platform. */
function fittingDraft(labels, edits) {
  try {
    reviewed(labels, edits);
    return edits;
  } catch (error) {
    if (!(error instanceof UnfitEdit)) throw error;
    return [];
  }
}

function newerNotice(newer, isChanged, move, keep) {
  return h(
    "div.warning.newer-versions",
    {},
    h("p", {}, "These labels were saved elsewhere in the meantime:"),
    h("ul", {}, newer.map((review) => h("li", {}, versionLine(review)))),
    h("div.actions", {}, button(isChanged ? `Apply my edits to review ${newer[0].version}` : `Load review ${newer[0].version}`, move, { kind: "primary" }), button("Keep my base", keep, { title: "Your next save does not contain their changes" })),
  );
}

function unfitNotice(unfit, dismiss) {
  return h(
    "div.warning",
    { role: "status" },
    h("p", {}, `${unfit.length} of your edits do not fit the newest version, and were left out:`),
    h("ul", {}, unfit.slice(0, 20).map(({ edit, reason }) => h("li", {}, `${changesText({ changes: { [edit.edit]: 1 } })}: ${reason}`))),
    button("Dismiss", dismiss),
  );
}

/** Ask before unsaved edits are left: by the browser itself, or by a link of the console. */
function guardLeaving(session) {
  listen(window, "beforeunload", (event) => {
    if (session.edits.peek().length) event.preventDefault();
  });
  const ask = async (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || !session.edits.peek().length || event.ctrlKey || event.metaKey || event.shiftKey || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    event.preventDefault();
    event.stopPropagation();
    if (await confirmAction("Unsaved edits", "Your edits are not saved. They are kept in this tab until you close it.", "Leave", { isDangerous: false, dismiss: "Stay" })) navigate(link.pathname + link.search + link.hash);
  };
  listen(document, "click", ask, { capture: true });
}
