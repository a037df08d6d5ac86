/** What stands for a file in lists. */

import { h } from "../../core/dom.js";
import { icon } from "../../parts/icons.js";
import { poster } from "../../parts/poster.js";
import { isVideo, typeName } from "./kinds.js";

/** The poster of a video; of other files, their type. */
export const thumbnail = (record) => (isVideo(record) ? poster(record.id) : h("span.poster.other", {}, icon("docs"), h("span", {}, typeName(record))));
