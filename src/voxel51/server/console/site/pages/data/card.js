/** A file as a card. */

import { h } from "../../core/dom.js";
import { size } from "../../core/format.js";
import { when } from "../../parts/show.js";
import { thumbnail } from "./thumbnail.js";

/** Where the page of a file is. */
export const pathOf = ({ id }) => `/data/${encodeURIComponent(id)}`;

export const fileCard = (record) =>
  h(
    "a.file-card",
    { href: pathOf(record) },
    thumbnail(record),
    h("span.file-name", { title: record.name }, h("bdi", {}, record.name)),
    h("span.soft", {}, `${size(record.size)} · `, when(record.upload_date)),
  );
