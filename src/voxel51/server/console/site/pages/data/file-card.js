/** Files in lists: their cards and thumbnails. */

import { address } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { clock, size } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { timeAgo } from "../../parts/elements.js";
import { icon } from "../../parts/icons.js";
import { poster } from "../../parts/poster.js";
import { isAudio, isVideo, isViewable, typeName } from "./media-types.js";

/** Return the path of a file's page. */
export const pathOf = ({ id }) => `/data/${encodeURIComponent(id)}`;

/** Largest image that lists load whole as its own thumbnail. */
const MOST_IMAGE_BYTES = 4_000_000;

/** The poster of a video, or the image itself if it is not large; for other files an icon with their type. */
export function thumbnail(record) {
  if (isVideo(record)) return poster(record.id);
  if (isViewable(record) && record.size <= MOST_IMAGE_BYTES) return imageThumbnail(record);
  return typeMark(record);
}

/** The image; if the browser cannot decode it, the icon. */
function imageThumbnail(record) {
  const isBroken = signal(false);
  const image = () => h("span.poster", {}, h("img", { src: address(`/data/${encodeURIComponent(record.id)}/download`), alt: "", loading: "lazy", decoding: "async", onerror: () => (isBroken.value = true) }));
  return h("span.thumbnail", {}, () => (isBroken.value ? typeMark(record) : image()));
}

function typeMark(record) {
  const [symbol, title] = isAudio(record) ? ["volume", "Audio"] : ["docs", typeName(record)];
  return h("span.poster.other", {}, icon(symbol), h("span", {}, title));
}

/** A card with the picture of a file, its length, and the most frequent labels that were found in it, if the record has them. */
export const fileCard = (record) =>
  h(
    "a.file-card",
    { href: pathOf(record) },
    h("span.thumbnail", {}, thumbnail(record), record.duration_seconds > 0 && h("span.length", { title: "Length" }, clock(record.duration_seconds))),
    h("span.file-name", { title: record.name }, h("bdi", {}, record.name)),
    h("span.muted", {}, `${size(record.size)} · `, timeAgo(record.upload_date)),
    record.labels?.length > 0 && h("span.labels", { title: record.labels.join(", ") }, record.labels.join(", ")),
  );
