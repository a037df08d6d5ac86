/** Files in lists: their cards and thumbnails. */

import { h } from "../../core/dom.js";
import { size } from "../../core/format.js";
import { timeAgo } from "../../parts/elements.js";
import { icon } from "../../parts/icons.js";
import { poster } from "../../parts/poster.js";
import { isAudio, isVideo, typeName } from "./media-types.js";

/** Return the path of a file's page. */
export const pathOf = ({ id }) => `/data/${encodeURIComponent(id)}`;

/** The poster of a video; for other files an icon with their type. */
export function thumbnail(record) {
  if (isVideo(record)) return poster(record.id);
  const [symbol, title] = isAudio(record) ? ["volume", "Audio"] : ["docs", typeName(record)];
  return h("span.poster.other", {}, icon(symbol), h("span", {}, title));
}

export const fileCard = (record) =>
  h(
    "a.file-card",
    { href: pathOf(record) },
    thumbnail(record),
    h("span.file-name", { title: record.name }, h("bdi", {}, record.name)),
    h("span.muted", {}, `${size(record.size)} · `, timeAgo(record.upload_date)),
  );
