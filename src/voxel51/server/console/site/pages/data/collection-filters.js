/** Filters of the list of files: the most frequent tags as chips, and the collection. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { allOf, term } from "../../core/query.js";
import { signal } from "../../core/reactive.js";
import { route, setQuery } from "../../core/router.js";
import { select } from "../../parts/form.js";

const MOST_TAGS = 12;

/**
 * @returns {{terms: () => string, collection: Node, tags: Node, reload: () => Promise}} `terms` is read as an effect
 */
export function collectionFilters() {
  const query = route.peek().query;
  const collection = signal(query.get("collection") ?? "");
  const tag = signal(query.get("tag") ?? "");
  const known = signal({ collections: [], tags: [] });
  const reload = async () => {
    const [{ collections }, { tags }] = await Promise.all([get("/collections"), get("/data/tags")]);
    known.value = { collections, tags: tags.slice(0, MOST_TAGS).map((each) => each.tag) };
  };
  reload().catch(() => {}); // without the names there is nothing to choose; the list reports that the platform is away

  const options = () => [["", "All collections"], ...known.value.collections.map(({ id, name }) => [id, name])];
  const choose = ({ target }) => {
    collection.value = target.value;
    setQuery({ collection: target.value });
  };
  const toggle = (name) => {
    tag.value = tag.peek() === name ? "" : name;
    setQuery({ tag: tag.peek() });
  };
  const chip = (name) => h("button.chip", { type: "button", "aria-pressed": () => String(tag.value === name), onclick: () => toggle(name) }, name);
  const names = () => [...new Set([...known.value.tags, ...(tag.value ? [tag.value] : [])])];
  return {
    terms: () => allOf(collection.value && term("collection", collection.value), tag.value && term("tag", tag.value)),
    collection: h("span", {}, () => known.value.collections.length > 0 && select(options(), { "aria-label": "Collection", value: collection.peek(), onchange: choose })),
    tags: h("div.chips", { role: "group", "aria-label": "Tags" }, () => names().map(chip)),
    reload,
  };
}
