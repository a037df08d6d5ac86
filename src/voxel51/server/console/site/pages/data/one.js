/** One file: what it is, how it looks, what jobs found in it. */

import { h } from "../../core/dom.js";
import { get, rendition } from "../../core/api.js";
import { count, dateTime, size } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { go } from "../../core/router.js";
import { may } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loaded, loadedRecord } from "../../parts/load.js";
import { menu } from "../../parts/menu.js";
import { attempt } from "../../parts/notices.js";
import { copyButton, facts, heading, when } from "../../parts/show.js";
import { viewer } from "../../viewer/viewer.js";
import { changeExpiry, downloadAll, remove, runAddress, shareLink } from "./actions.js";
import { jobsOn } from "./jobs.js";
import { isSeen, isVideo, typeName } from "./kinds.js";

const MOMENTS = 10;

export function page({ id }) {
  const path = `/data/${encodeURIComponent(id)}`;
  return loadedRecord(
    async (aborted) => (await get(path, {}, { signal: aborted })).data,
    { what: "file", list: "/data" },
    (record) => {
      const now = signal(record);
      const look = async () => (now.value = (await get(path)).data);
      return [
        h("a.back", { href: "/data" }, icon("back"), "Videos"),
        heading(h("bdi", {}, record.name), buttons(now, look)),
        h(
          "div.with-aside",
          {},
          h("div", {}, isSeen(record) ? [viewer({ dataId: record.id, filename: record.name, jobId: null }), isVideo(record) && strip(record)] : noVideo(record)),
          h("aside", {}, h("section.card", {}, h("h2", {}, "About this file"), () => about(now.value)), jobsOn(record)),
        ),
      ];
    },
  );
}

function buttons(record, look) {
  const rows = () => [record.peek()];
  return [
    may("run") && h("a.button.primary", { href: runAddress(rows()) }, icon("play"), "Run an analytic"),
    button("Download", () => downloadAll(rows()), { symbol: "download" }),
    menu(icon("more"), "More", () => [
      { title: "Link for others…", run: () => attempt(() => shareLink(record.peek())), symbol: icon("link") },
      may("upload") && { title: "Change expiry…", run: () => attempt(async () => (await changeExpiry(rows())) && look()), symbol: icon("clock") },
      may("upload") && { title: "Delete…", run: () => attempt(async () => (await remove(rows())) && go("/data")), symbol: icon("trash"), isDangerous: true },
    ]),
  ];
}

function about(record) {
  const { sha256 } = record;
  return facts([
    ["Size", h("span", { title: `${count(record.size)} bytes` }, size(record.size))],
    ["Type", record.type ?? "unknown"],
    ["Uploaded", when(record.upload_date)],
    ["Expires", h("span", {}, when(record.expiration_date), h("br"), h("span.soft", {}, dateTime(record.expiration_date)))],
    ["SHA-256", sha256 && h("span.copyable", {}, h("code", { title: sha256 }, `${sha256.slice(0, 16)}…`), copyButton(sha256, "Copy the SHA-256"))],
    ["Kept", sha256 ? null : "On another host, from which it is read. When it expires cannot be changed."],
    ["Id", h("span.copyable", {}, h("code", {}, record.id), copyButton(record.id, "Copy the id"))],
  ]);
}

/** Moments of the video, side by side. */
function strip({ id }) {
  const pictures = loaded(
    (aborted) => rendition(`/data/${encodeURIComponent(id)}/renditions/thumbnails`, { count: MOMENTS, width: 160 }, { signal: aborted }),
    (source) => h("img", { src: source, alt: `${MOMENTS} moments of the video, from its beginning to its end` }),
  );
  return h("figure.strip", {}, pictures);
}

function noVideo(record) {
  return h(
    "div.no-video",
    {},
    icon("docs"),
    h("p", {}, h("strong", {}, typeName(record))),
    h("p.soft", {}, "This is no video, so there is nothing to play. Analytics that ask for such a file take it as an input."),
    button("Download", () => downloadAll([record]), { symbol: "download" }),
  );
}
