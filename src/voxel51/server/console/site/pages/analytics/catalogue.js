/** What can be run. With `?data=<id>,<id>` it is chosen for these videos. */

import { each, fill, h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, effect, signal, untracked } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { count } from "../../core/format.js";
import { all, term } from "../../core/query.js";
import { may } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { failure, resource } from "../../parts/load.js";
import { inline } from "../../parts/prose.js";
import { emptiness, heading, loading } from "../../parts/show.js";
import { namesOf } from "./data.js";
import { badges, pathOf, shortName } from "./naming.js";

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
  const wanted = {
    search: signal(query.get("search") ?? ""),
    kind: signal(KINDS[query.get("kind")] ? query.get("kind") : "all"),
    versions: signal(query.get("versions") === "all"),
    limit: signal(PAGE),
  };
  const asked = computed(() => ({
    search: all(KINDS[wanted.kind.value][1], wanted.search.value),
    all_versions: wanted.versions.value,
    limit: wanted.limit.value,
  }));
  const found = resource((aborted) => get("/analytics", { ...asked.peek(), sort: "name:asc" }, { signal: aborted }));
  watch(asked, wanted, found.reload);
  return [
    heading("Analytics", may("upload") && h("a.button", { href: "/analytics/new" }, icon("upload"), "Upload an analytic")),
    dataIds.length > 0 && purpose(dataIds),
    tools(wanted),
    cards(found, asked, dataIds, wanted.limit),
  ];
}

function watch(asked, wanted, reload) {
  let last = asked.peek();
  effect(() => {
    if (asked.value === last) return;
    last = asked.value;
    reload();
    const [search, kind, versions] = [wanted.search.peek(), wanted.kind.peek(), wanted.versions.peek()];
    setQuery({ search, kind: kind === "all" ? "" : kind, versions: versions && "all" });
  });
}

function purpose(dataIds) {
  const names = h("span", {}, dataIds.length === 1 ? "this video" : `these ${count(dataIds.length)} videos`);
  namesOf(dataIds).then((known) => fill(names, known.slice(0, 3).join(", "), known.length > 3 && ` and ${count(known.length - 3)} more`));
  return h("p.banner", {}, icon("data"), h("span", {}, "Choose what to run on ", names, "."), h("a", { href: "/analytics" }, "Only look"));
}

function tools({ search, kind, versions }) {
  let timer;
  const type = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => (search.value = event.target.value.trim()), TYPING_MILLISECONDS);
  };
  return h(
    "div.tools",
    {},
    h("div.search", {}, icon("search"), h("input", { type: "search", value: search.peek(), placeholder: "Name or version", "aria-label": "Search analytics", oninput: type })),
    h(
      "div.choices",
      { role: "group", "aria-label": "Which analytics" },
      Object.entries(KINDS).map(([name, [title]]) =>
        h("button", { type: "button", "aria-pressed": () => String(kind.value === name), onclick: () => (kind.value = name) }, title),
      ),
    ),
    h("label.check.inline", {}, h("input", { type: "checkbox", checked: versions.peek(), onchange: (event) => (versions.value = event.target.checked) }), "All versions"),
  );
}

function cards({ state, reload }, asked, dataIds, limit) {
  const face = computed(() => {
    const { value, error, isThere } = state.value;
    if (error || !isThere) return error ?? "loading";
    return value.analytics.length > 0 ? "cards" : "nothing";
  });
  return h("section", { "aria-label": "Catalogue" }, () => {
    const shown = face.value;
    return untracked(() => {
      if (shown === "loading") return loading();
      if (shown === "nothing") return nothing(asked.peek());
      if (shown !== "cards") return failure(shown, reload);
      const entries = () => state.value.value.analytics;
      return [
        h("div.grid", {}, each(entries, ({ id }) => id, (analytic) => card(analytic.peek(), dataIds))),
        () => state.value.value.count > entries().length && h("div.pager", {}, button("Show more", () => (limit.value += PAGE))),
      ];
    });
  });
}

function card(analytic, dataIds) {
  const path = pathOf(analytic);
  const query = dataIds.length ? `?data=${dataIds.map(encodeURIComponent).join(",")}` : "";
  const [owner, name] = shortName(analytic.name);
  return h(
    "article.card.analytic",
    { "data-name": analytic.name },
    h("header", {}, h("h2", {}, h("a", { href: path + query }, name)), h("span.soft", {}, `${owner} · ${analytic.version}`)),
    h("p.description", {}, inline(analytic.description ?? "")),
    h(
      "footer",
      {},
      badges(analytic),
      h("div.grow"),
      !analytic.pending && may("run") && h("a.button.primary", { href: `${path}/run${query}`, "aria-label": `Run ${name} ${analytic.version}` }, icon("play"), "Run"),
    ),
  );
}

function nothing({ search }) {
  if (search === "") return emptiness("There are no analytics here", "Install some on the platform, or upload one of your own.");
  if (search === KINDS.own[1]) {
    const upload = may("upload") && h("a.button.primary", { href: "/analytics/new" }, icon("upload"), "Upload an analytic");
    return emptiness("None of your own yet", "An analytic of your own is a manifest, which says what it takes and gives, and a container image.", upload);
  }
  if (search === KINDS.pending[1]) return emptiness("Nothing is pending", "What you uploaded is pending until all images that its manifest declares are there.");
  return h("p.nothing", {}, "Nothing matches this search.");
}
