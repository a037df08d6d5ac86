/** The comparison of two batches, such as of two versions of an analytic on the same videos: a table of their results and run times. */

import { get } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { every, onEnd, signal } from "../../../core/reactive.js";
import { count } from "../../../core/format.js";
import { dialog } from "../../../parts/dialog.js";
import { timeAgo } from "../../../parts/elements.js";
import { loaded, loadedRecord } from "../../../parts/load.js";
import { subpage } from "../../../parts/subpages.js";
import { comparedBatches, newChoice } from "./pivot.js";
import { isOpen } from "./progress.js";

const MOST_ITEMS = 1000;
const MOST_BATCHES = 100;
const POLL_MILLISECONDS = 2000;

export function page({ id, other }) {
  return loadedRecord(
    (aborted) => Promise.all([id, other].map((each) => fetchBatch(each, aborted))),
    { noun: "batch", list: "/jobs/batches" },
    (first) => {
      const read = followed(first);
      const choice = newChoice();
      const isPart = first.some(({ isComplete }) => !isComplete);
      return subpage(
        "/jobs",
        "Compare batches",
        null,
        h("p.muted", {}, first.map(({ batch }, at) => [at > 0 && " and ", h("a", { href: batchPage(batch.id) }, h("bdi", {}, batch.name))]), isPart && `. The first ${count(MOST_ITEMS)} items of each are shown.`),
        () => comparedBatches(read.value, choice),
      );
    },
  );
}

/** Return a signal of the batches with their items, which are read again whenever the counts of an open batch have changed. */
function followed(first) {
  const read = signal(first);
  const left = new AbortController();
  onEnd(() => left.abort());
  every(POLL_MILLISECONDS, async () => {
    const before = read.peek();
    const renewed = await Promise.all(before.map((each) => (isOpen(each.batch) ? renewedBatch(each, left.signal) : each))).catch(() => before); // the next poll may succeed
    if (read.peek() === before && renewed.some((each, at) => each !== before[at])) read.value = renewed;
  });
  return read;
}

async function renewedBatch(known, signal) {
  const { batch } = await get(`/batches/${encodeURIComponent(known.batch.id)}`, {}, { signal });
  const isSame = batch.state === known.batch.state && JSON.stringify(batch.counts) === JSON.stringify(known.batch.counts);
  return isSame ? known : fetchBatch(batch.id, signal);
}

const batchPage = (id) => `/jobs/batches/${encodeURIComponent(id)}`;

async function fetchBatch(id, signal) {
  const path = `/batches/${encodeURIComponent(id)}`;
  const { batch } = await get(path, {}, { signal }); // before the items, so that these are not older than its counts
  const { items, next_cursor: next } = await get(`${path}/items`, { labels: "true", limit: MOST_ITEMS }, { signal });
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
