/** The search page: find frames by the labels that jobs found in them. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { countOrMore } from "../../core/format.js";
import { effect, signal } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { button } from "../../parts/form.js";
import { loadError, loaded, resource } from "../../parts/load.js";
import { emptyState, heading, loading } from "../../parts/elements.js";
import { conditions } from "./conditions.js";
import { labelChoice } from "./label-choice.js";
import { matchList } from "./matches.js";
import { momentsPage } from "./moment-query.js";
import { PAGE_SIZE, criteriaFromQuery, criteriaToQuery, hasCriteria, joinLabels } from "./search-query.js";

export function page({ query }) {
  const criteria = signal(criteriaFromQuery(query));
  const change = (changes) => criteria.update((present) => ({ ...present, page: 1, ...changes }));
  return [
    heading("Search", h("a.button", { href: () => momentsPage(labelsOf(criteria.value)) }, "Moments"), h("a.button", { href: "/search/charts" }, "Charts"), h("a.button", { href: "/search/sql" }, "SQL")),
    loaded(
      async (aborted) => (await get("/labels/names", {}, { signal: aborted })).labels,
      (known) => (known.length ? [labelChoice(known, criteria, change), conditions(criteria, change), results(criteria, change)] : noLabels()),
    ),
  ];
}

const labelsOf = ({ labels }) => (labels.length ? { labels: joinLabels(labels) } : {});

function noLabels() {
  return emptyState(
    "Nothing to search yet",
    "Labels that jobs find in your videos appear here, so that you can find frames by what is in them: a dog and a car at the same time, or a face for longer than two seconds.",
    h("a.button.primary", { href: "/analytics" }, "Run an analytic"),
  );
}

function results(criteria, change) {
  const { state, reload } = resource(async (aborted) => {
    const requested = criteria.peek();
    if (!hasCriteria(requested)) return null;
    const { page: number, ...query } = criteriaToQuery(requested);
    const found = await get("/labels", { ...query, limit: PAGE_SIZE, offset: ((number ?? 1) - 1) * PAGE_SIZE }, { signal: aborted });
    return { ...found, requested };
  });
  let last = criteria.peek();
  effect(() => {
    if (criteria.value === last) return;
    last = criteria.value;
    setQuery(criteriaToQuery(last));
    reload();
  });
  return h("section.results", { "aria-label": "Results" }, () => {
    const { value, error, isThere } = state.value;
    if (error) return loadError(error, reload);
    if (!isThere) return loading();
    if (value === null) return h("p.nothing", {}, "Choose one or more labels to search for.");
    if (value.count === 0) return h("p.nothing", { role: "status" }, "No results. Use fewer labels, a shorter duration or a lower confidence.");
    return [h("p.found", { role: "status" }, value.count === 1 ? "1 job" : `${countOrMore(value.count, value.is_count_exact)} jobs`), matchList(value.matches, value.requested.together), value.count > PAGE_SIZE && pager(value, change)];
  });
}

function pager({ count: total, is_count_exact: isExact, requested }, change) {
  const pages = Math.ceil(total / PAGE_SIZE);
  const turn = (step) => () => change({ page: requested.page + step });
  return h(
    "nav.pager",
    { "aria-label": "Pages" },
    button("Previous", turn(-1), { disabled: requested.page <= 1 }),
    h("span", {}, `Page ${requested.page} of ${pages}${isExact ? "" : "+"}`),
    button("Next", turn(1), { disabled: requested.page >= pages }),
  );
}
