/** The page of a file in a collection that belongs to another user: the file as it is, its facts, and the results that an editor can review. */

import { h } from "../../core/dom.js";
import { address, get } from "../../core/api.js";
import { count, size } from "../../core/format.js";
import { term } from "../../core/query.js";
import { hasScope } from "../../core/session.js";
import { signal } from "../../core/reactive.js";
import { facts, heading, timeAgo } from "../../parts/elements.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loaded, loadedRecord } from "../../parts/load.js";
import { downloadEach } from "../../parts/downloads.js";
import { fetchJobs, memberPath } from "../jobs/review/member.js";
import { reviewPage } from "../jobs/review/versions.js";
import { contentFacts, FACT_FIELDS } from "./content-facts.js";
import { isAudio, isVideo, typeName } from "./media-types.js";

export function page({ id, data }) {
  const member = { collection: id, data };
  const path = `/collections/${encodeURIComponent(id)}`;
  const fetchAll = async (aborted) => {
    const [{ collection }, { data: record }, found] = await Promise.all([
      get(path, {}, { signal: aborted }),
      get(memberPath(member), {}, { signal: aborted }),
      get(`${path}/data`, { fields: `id,${FACT_FIELDS}`, search: term("id", data), limit: 1 }, { signal: aborted }),
    ]);
    return { collection, record: { ...record, ...found.data[0] } };
  };
  return loadedRecord(fetchAll, { noun: "file", list: path }, ({ collection, record }) => [
    h("a.back", { href: path }, icon("back"), h("bdi", {}, collection.name)),
    heading(h("bdi", {}, record.name), button("Download", () => downloadEach([{ path: `${memberPath(member)}/download`, query: {}, name: record.name }]), { symbol: "download" })),
    h(
      "div.with-aside",
      {},
      player(record, address(`${memberPath(member)}/download`)),
      h("aside", {}, h("section.card", {}, h("h2", {}, "Details"), facts(details(record))), collection.role !== "viewer" && hasScope("run") && isVideo(record) && results(member)),
    ),
  ]);
}

/** The file in the player of the browser, since renditions are made for owners only. */
function player(record, source) {
  const isBroken = signal(false);
  const attributes = { src: source, controls: true, preload: "metadata", "aria-label": record.name, onerror: () => (isBroken.value = true) };
  const shown = () => {
    if (isBroken.value) return notPlayed(record, "This browser cannot play this format. Download the file instead.");
    if (isVideo(record)) return h("video", { ...attributes, playsinline: true });
    if (isAudio(record)) return h("audio", attributes);
    if (record.type?.startsWith("image/")) return h("img", { src: source, alt: record.name, onerror: attributes.onerror });
    return notPlayed(record, "There is no preview for this type of file. Download it instead.");
  };
  return h("div", {}, shown);
}

const notPlayed = (record, text) => h("div.no-video", {}, icon("docs"), h("p", {}, h("strong", {}, typeName(record))), h("p.muted", {}, text));

const details = (record) => [
  ["Size", h("span", { title: `${count(record.size)} bytes` }, size(record.size))],
  ["Type", record.type ?? "unknown"],
  ["Uploaded", timeAgo(record.upload_date)],
  ...contentFacts(record),
];

const results = (member) =>
  h(
    "section.card",
    { "aria-label": "Results" },
    h("h2", {}, "Results"),
    loaded(
      () => fetchJobs(member),
      (jobs) => (jobs.length ? h("ul.plain-list", {}, jobs.map(({ id, name, completion_date: date }) => h("li", {}, h("a", { href: reviewPage(id, undefined, member) }, h("bdi", {}, name)), " ", h("span.muted", {}, timeAgo(date))))) : h("p.muted", {}, "Results of the owner with labels of this video appear here, to be reviewed.")),
    ),
  );
