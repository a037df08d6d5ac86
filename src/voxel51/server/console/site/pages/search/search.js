/** Search over what the labels of all jobs say. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { count } from "../../core/format.js";
import { effect, signal } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { button } from "../../parts/form.js";
import { failure, loaded, resource } from "../../parts/load.js";
import { emptiness, heading, loading } from "../../parts/show.js";
import { conditions } from "./conditions.js";
import { labelChoice } from "./label-choice.js";
import { matchList } from "./matches.js";
import { PAGE, isAnything, readWanted, writeWanted } from "./wanted.js";

export function page({ query }) {
  const wanted = signal(readWanted(query));
  const change = (changes) => wanted.update((present) => ({ ...present, page: 1, ...changes }));
  return [
    heading("Search"),
    loaded(
      async (aborted) => (await get("/labels/names", {}, { signal: aborted })).labels,
      (known) => (known.length ? [labelChoice(known, wanted, change), conditions(wanted, change), results(wanted, change)] : nothingKnown()),
    ),
  ];
}

function nothingKnown() {
  return emptiness(
    "Nothing to search yet",
    "Here you find moments by what is in them: a dog and a car at once, a face for longer than two seconds. Run an analytic that finds things in your videos, and what it found can be searched.",
    h("a.button", { href: "/analytics" }, "Look at the analytics"),
  );
}

function results(wanted, change) {
  const { state, reload } = resource(async (aborted) => {
    const asked = wanted.peek();
    if (!isAnything(asked)) return null;
    const { page: number, ...query } = writeWanted(asked);
    const found = await get("/labels", { ...query, limit: PAGE, offset: ((number ?? 1) - 1) * PAGE }, { signal: aborted });
    return { ...found, asked };
  });
  let last = wanted.peek();
  effect(() => {
    if (wanted.value === last) return;
    last = wanted.value;
    setQuery(writeWanted(last));
    reload();
  });
  return h("section.results", { "aria-label": "Results" }, () => {
    const { value, error, isThere } = state.value;
    if (error) return failure(error, reload);
    if (!isThere) return loading();
    if (value === null) return h("p.nothing", {}, "Choose what to look for: one label or several.");
    if (value.count === 0) return h("p.nothing", { role: "status" }, "No job found that. Ask for less: fewer labels, shorter, less sure.");
    return [h("p.found", { role: "status" }, value.count === 1 ? "One job" : `${count(value.count)} jobs`), matchList(value.matches, value.asked.together), value.count > PAGE && pager(value, change)];
  });
}

function pager({ count: all, asked }, change) {
  const pages = Math.ceil(all / PAGE);
  const turn = (step) => () => change({ page: asked.page + step });
  return h(
    "nav.pager",
    { "aria-label": "Pages" },
    button("Previous", turn(-1), { disabled: asked.page <= 1 }),
    h("span", {}, `Page ${asked.page} of ${pages}`),
    button("Next", turn(1), { disabled: asked.page >= pages }),
  );
}
