/** The comparison of two batches, such as of two versions of an analytic on the same videos: a table of their results and run times. */

import { get } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { count } from "../../../core/format.js";
import { dialog } from "../../../parts/dialog.js";
import { timeAgo } from "../../../parts/elements.js";
import { loaded, loadedRecord } from "../../../parts/load.js";
import { subpage } from "../../../parts/subpages.js";
import { comparedBatches } from "./pivot.js";

const MOST_ITEMS = 1000;
const MOST_BATCHES = 100;

export function page({ id, other }) {
  return loadedRecord(
    (aborted) => Promise.all([id, other].map((each) => fetchBatch(each, aborted))),
    { noun: "batch", list: "/jobs/batches" },
    (read) => {
      const isPart = read.some(({ isComplete }) => !isComplete);
      return subpage(
        "/jobs",
        "Compare batches",
        null,
        h("p.muted", {}, read.map(({ batch }, at) => [at > 0 && " and ", h("a", { href: batchPage(batch.id) }, h("bdi", {}, batch.name))]), isPart && `. The first ${count(MOST_ITEMS)} items of each are shown.`),
        comparedBatches(read),
      );
    },
  );
}

const batchPage = (id) => `/jobs/batches/${encodeURIComponent(id)}`;

async function fetchBatch(id, signal) {
  const path = `/batches/${encodeURIComponent(id)}`;
  const [{ batch }, { items, next_cursor: next }] = await Promise.all([get(path, {}, { signal }), get(`${path}/items`, { labels: "true", limit: MOST_ITEMS }, { signal })]);
  return { batch, items, isComplete: !next };
}

/** Ask for the batch to compare with. */
export function chooseOtherBatch({ id, name }) {
  return dialog(`Compare ${name}`, (close) =>
    loaded(
      (signal) => get("/batches", { limit: MOST_BATCHES }, { signal }),
      ({ batches }) => {
        const others = batches.filter((batch) => batch.id !== id);
        if (others.length === 0) return h("p", {}, "There is no other batch. Run another version of the analytic, or other parameters, on the same videos.");
        return h("ul.other-jobs", {}, others.map((other) => h("li", {}, h("a", { href: `${batchPage(id)}/compare/${encodeURIComponent(other.id)}`, onclick: () => close() }, h("bdi", {}, other.name)), h("span.muted", {}, `${other.analytic} ${other.version} · `, timeAgo(other.created_date)))));
      },
    ),
  );
}
