/** The result of a job as a file: as it is, and as other tools read it. */

import { h } from "../../core/dom.js";
import { download, rendition } from "../../core/api.js";
import { icon } from "../../parts/icons.js";
import { menu } from "../../parts/menu.js";
import { attempt, notify } from "../../parts/notices.js";
import { hasResult } from "./states.js";

const FORMATS = { coco: "COCO", yolo: "YOLO", mot: "MOT Challenge", cvat: "CVAT", voc: "Pascal VOC", csv: "CSV", parquet: "Parquet" };

export function downloads(job) {
  const path = `/jobs/${encodeURIComponent(job.peek().id)}`;
  const made = (title, kind, query) => ({ title, symbol: icon("download"), run: () => attempt(() => make(`${path}/renditions/${kind}`, query, title)) });
  const entries = () => {
    const name = job.peek().output_filename;
    const hasLabels = /\.json$/i.test(name);
    return [
      { title: `${name} (as it is)`, symbol: icon("download"), run: () => download(`${path}/output`, {}, name) },
      ...(hasLabels ? Object.entries(FORMATS).map(([format, title]) => made(`Labels as ${title}`, "labels", { format })) : []),
      hasLabels && made("Video with the labels drawn in", "annotated", {}),
    ];
  };
  return h("span", { hidden: () => !hasResult(job.value) || !job.value.output_filename }, menu([icon("download"), "Download"], "Download", entries, { kind: "primary" }));
}

async function make(path, query, title) {
  let isTold = false;
  const tell = () => {
    if (!isTold) notify(`${title}: it is being made; the download begins by itself`);
    isTold = true;
  };
  await rendition(path, query, { onProgress: tell });
  download(path, query);
}
