/** The page of one file: viewer, facts, and the jobs that have it as an input. */

import { h } from "../../core/dom.js";
import { get, rendition } from "../../core/api.js";
import { count, dateTime, size } from "../../core/format.js";
import { term } from "../../core/query.js";
import { onEnd, signal } from "../../core/reactive.js";
import { navigate } from "../../core/router.js";
import { hasScope } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loaded, loadedRecord } from "../../parts/load.js";
import { menu } from "../../parts/menu.js";
import { attempt } from "../../parts/notices.js";
import { copyButton, facts, heading, timeAgo } from "../../parts/elements.js";
import { viewer } from "../../viewer/viewer.js";
import { changeExpiry, createDownloadLink, downloadAll, remove, runAddress } from "./actions.js";
import { contentFacts, FACT_FIELDS } from "./content-facts.js";
import { found } from "./found.js";
import { jobsOnFile } from "./jobs-on-file.js";
import { isAudio, isViewable, isVideo, typeName } from "./media-types.js";

const THUMBNAILS = 10;
const MOST_LABELS = 20;
const MOST_ATTEMPTS = 40;
const RETRY_MILLISECONDS = 3000;
const FURTHER_FIELDS = `${FACT_FIELDS},collections,labels,analytics`;

export function page({ id }) {
  const path = `/data/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).data,
    { noun: "file", list: "/data" },
    (record) => {
      const current = signal(record);
      const reload = async () => (current.value = (await get(path)).data);
      return [
        h("a.back", { href: "/data" }, icon("back"), "Videos"),
        heading(h("bdi", {}, record.name), buttons(current, reload)),
        h(
          "div.with-aside",
          {},
          h("div", {}, isViewable(record) ? [viewer({ dataId: record.id, filename: record.name, jobId: null }), isVideo(record) && thumbnailStrip(record)] : notViewable(record)),
          h("aside", {}, h("section.card", {}, h("h2", {}, "Details"), () => details(current.value)), content(record), jobsOnFile(record)),
        ),
      ];
    },
  );
}

function buttons(record, reload) {
  const rows = () => [record.peek()];
  return [
    hasScope("run") && h("a.button.primary", { href: runAddress(rows()) }, icon("play"), "Run an analytic"),
    button("Download", () => downloadAll(rows()), { symbol: "download" }),
    menu(icon("more"), "More actions", () => [
      { title: "Create download link…", run: () => attempt(() => createDownloadLink(record.peek())), symbol: icon("link") },
      hasScope("upload") && { title: "Change expiry…", run: () => attempt(async () => (await changeExpiry(rows())) && reload()), symbol: icon("clock") },
      hasScope("upload") && { title: "Delete…", run: () => attempt(async () => (await remove(rows())) && navigate("/data")), symbol: icon("trash"), isDangerous: true },
    ]),
  ];
}

function details(record) {
  const { sha256 } = record;
  return facts([
    ["Size", h("span", { title: `${count(record.size)} bytes` }, size(record.size))],
    ["Type", record.type ?? "unknown"],
    ["Uploaded", timeAgo(record.upload_date)],
    ["Expires", h("span", {}, timeAgo(record.expiration_date), h("br"), h("span.muted", {}, dateTime(record.expiration_date)))],
    ["SHA-256", sha256 && h("span.copyable", {}, h("code", { title: sha256 }, `${sha256.slice(0, 16)}…`), copyButton(sha256, "Copy the SHA-256"))],
    ["Stored", sha256 ? null : "On another host. The expiry cannot be changed."],
    ["ID", h("span.copyable", {}, h("code", {}, record.id), copyButton(record.id, "Copy the ID"))],
  ]);
}

/**
 * Facts of a video or an audio file, its tags, metadata and collections, and what jobs have found in it. The platform reads
 * the facts soon after the upload: until then, they are asked for again.
 */
function content(file) {
  let attempts = 0;
  return loaded(
    async (aborted) => (await get("/data", { fields: FURTHER_FIELDS, search: term("id", file.id), limit: 1 }, { signal: aborted })).data[0] ?? {},
    (record, reload) => {
      const isAwaited = (isVideo(file) || isAudio(file)) && record.duration_seconds === null && attempts < MOST_ATTEMPTS;
      if (isAwaited) {
        attempts += 1;
        const timer = setTimeout(reload, RETRY_MILLISECONDS);
        onEnd(() => clearTimeout(timer));
      }
      return h("section.card", {}, h("h2", {}, "Content"), isAwaited && h("p.muted", {}, "Duration and resolution appear here when the platform has read the file."), facts(contentFacts(record)), found(record, MOST_LABELS));
    },
  );
}

/** Thumbnails of the video, side by side. */
function thumbnailStrip({ id }) {
  const image = loaded(
    (aborted) => rendition(`/data/${encodeURIComponent(id)}/renditions/thumbnails`, { count: THUMBNAILS, width: 160 }, { signal: aborted }),
    (source) => h("img", { src: source, alt: `${THUMBNAILS} thumbnails of the video, from beginning to end` }),
  );
  return h("figure.strip", {}, image);
}

function notViewable(record) {
  return h(
    "div.no-video",
    {},
    icon("docs"),
    h("p", {}, h("strong", {}, typeName(record))),
    h("p.muted", {}, "This file is not a video, so it cannot be played here. Analytics can use it as an input."),
    button("Download", () => downloadAll([record]), { symbol: "download" }),
  );
}
