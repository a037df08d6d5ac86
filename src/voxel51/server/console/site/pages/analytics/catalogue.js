/** The catalogue of analytics. With `?data=<id>,<id>` or `?matching=<search>` an analytic is chosen for these videos. */

import { each, fill, h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, effect, signal, untracked } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { count } from "../../core/format.js";
import { allOf, term } from "../../core/query.js";
import { hasScope } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loadError, resource } from "../../parts/load.js";
import { emptyState, heading, loading } from "../../parts/elements.js";
import { card, ordered } from "./card.js";
import { namesOf } from "./data-records.js";
import { factsOf } from "./facts.js";

const PAGE = 60;
const TYPING_MILLISECONDS = 250;
const KINDS = {
  all: ["All", ""],
  public: ["Public", term("scope", "public")],
  own: ["Your own", term("scope", "user")],
  pending: ["Pending", term("pending", "true")],
};

export function page({ query }) {
  const dataIds = (query.get("data") ?? "").split(",").filter(Boolean);
  const matching = query.get("matching");
  const collection = query.get("collection");
  const filters = {
    search: signal(query.get("search") ?? ""),
    kind: signal(KINDS[query.get("kind")] ? query.get("kind") : "all"),
    versions: signal(query.get("versions") === "all"),
    limit: signal(PAGE),
  };
  const request = computed(() => ({
    search: allOf(KINDS[filters.kind.value][1], filters.search.value),
    all_versions: filters.versions.value,
    limit: filters.limit.value,
  }));
  const found = resource((aborted) => get("/analytics", { ...request.peek(), sort: "name:asc" }, { signal: aborted }));
  watch(request, filters, found.reload);
  return [
    heading("Analytics", hasScope("upload") && h("a.button", { href: "/analytics/new" }, icon("add"), "New analytic")),
    dataIds.length > 0 && chosenVideos(dataIds),
    matching !== null && matchingVideos(matching, collection),
    tools(filters),
    cards(found, request, { dataIds, matching, collection }, filters.limit),
  ];
}

/** Reload, and keep the filters in the URL, whenever one of them changes. */
function watch(request, filters, reload) {
  let last = request.peek();
  effect(() => {
    if (request.value === last) return;
    last = request.value;
    reload();
    const [search, kind, versions] = [filters.search.peek(), filters.kind.peek(), filters.versions.peek()];
    setQuery({ search, kind: kind === "all" ? "" : kind, versions: versions && "all" });
  });
}

function chosenVideos(dataIds) {
  const names = h("span", {}, dataIds.length === 1 ? "this video" : `these ${count(dataIds.length)} videos`);
  namesOf(dataIds).then((known) => fill(names, known.slice(0, 3).join(", "), known.length > 3 && ` and ${count(known.length - 3)} more`));
  return h("p.banner", {}, icon("data"), h("span", {}, "Choose an analytic to run on ", names, "."), h("a", { href: "/analytics" }, "Cancel"));
}

const matchingVideos = (search, collection) => h("p.banner", {}, icon("data"), h("span", {}, "Choose an analytic to run on ", collection ? ["your videos in the collection ", h("bdi", {}, `“${collection}”`)] : search ? ["all videos that match ", h("bdi", {}, `“${search}”`)] : "all your videos", "."), h("a", { href: "/analytics" }, "Cancel"));

function tools({ search, kind, versions }) {
  let timer;
  const type = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => (search.value = event.target.value.trim()), TYPING_MILLISECONDS);
  };
  return h(
    "div.tools",
    {},
    h("div.search", {}, icon("search"), h("input", { type: "search", value: search.peek(), placeholder: "Search by name or version", "aria-label": "Search analytics", oninput: type })),
    h(
      "div.choices",
      { role: "group", "aria-label": "Filter" },
      Object.entries(KINDS).map(([name, [title]]) =>
        h("button", { type: "button", "aria-pressed": () => String(kind.value === name), onclick: () => (kind.value = name) }, title),
      ),
    ),
    h("label.check.inline", {}, h("input", { type: "checkbox", checked: versions.peek(), onchange: (event) => (versions.value = event.target.checked) }), "All versions"),
  );
}

function cards({ state, reload }, request, videos, limit) {
  const face = computed(() => {
    const { value, error, isThere } = state.value;
    if (error || !isThere) return error ?? "loading";
    return value.analytics.length > 0 ? "cards" : "nothing";
  });
  return h("section", { "aria-label": "Catalogue" }, () => {
    const shown = face.value;
    return untracked(() => {
      if (shown === "loading") return loading();
      if (shown === "nothing") return nothing(request.peek());
      if (shown !== "cards") return loadError(shown, reload);
      const entries = () => ordered(state.value.value.analytics);
      const facts = factsOf(() => entries().map(({ id }) => id));
      const isAnyMeasured = computed(() => [...facts.value.values()].some(({ cost }) => cost));
      return [
        h("div.grid.catalogue", {}, each(entries, ({ id }) => id, (analytic, id) => card(analytic.peek(), videos, () => facts.value.get(id), () => isAnyMeasured.value))),
        () => state.value.value.count > entries().length && h("div.pager", {}, button("Show more", () => (limit.value += PAGE))),
      ];
    });
  });
}

function nothing({ search }) {
  const add = hasScope("upload") && h("a.button.primary", { href: "/analytics/new" }, icon("add"), "New analytic");
  if (search === "") return emptyState("No analytics", "Analytics that are installed on the platform or that you add appear here.", add);
  if (search === KINDS.own[1]) {
    return emptyState("No analytics of your own yet", "Analytics that you write or upload appear here.", add);
  }
  if (search === KINDS.pending[1]) return emptyState("No pending analytics", "Your analytics appear here until all images that their manifests declare have been uploaded.");
  return h("p.nothing", { role: "status" }, "No results. Change the search or the filters.");
}
