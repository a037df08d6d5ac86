/** The set of videos that charts and moments are limited to, by its name. */

import { get } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { loaded } from "../../parts/load.js";

/**
 * A line that names a set and links to it; null if it is all videos.
 *
 * @param {{collection?, batch?, search?}} set
 * @param {string} all the path of the page for all videos
 */
export function setName({ collection, batch, search }, all) {
  const rest = ["In the videos of ", h("a", { href: all }, "All videos")];
  const line = (title, href, name) => h("p.muted", {}, rest[0], title, h("a", { href }, h("bdi", {}, name)), ". ", rest[1]);
  if (search) return line("the search ", `/data?${new URLSearchParams({ search })}`, search);
  const [kind, id, page] = collection ? ["collection", collection, "/collections"] : batch ? ["batch", batch, "/jobs/batches"] : [];
  if (!kind) return null;
  const path = `/${kind === "batch" ? "batches" : "collections"}/${encodeURIComponent(id)}`;
  return loaded(
    async (aborted) => (await get(path, {}, { signal: aborted }))[kind],
    ({ name }) => line(`the ${kind} `, `${page}/${encodeURIComponent(id)}`, name || id),
  );
}
