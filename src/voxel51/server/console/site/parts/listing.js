/**
 * A list of records that is searched, sorted and turned page by page by the platform, with things to do to many at once.
 *
 * What is searched and sorted stands in the page's address, so that going back finds the same list again.
 */

import { each, h } from "../core/dom.js";
import { computed, effect, signal, untracked } from "../core/reactive.js";
import { place, setQuery } from "../core/router.js";
import { count } from "../core/format.js";
import { all } from "../core/query.js";
import { button } from "./form.js";
import { icon } from "./icons.js";
import { failure, resource } from "./load.js";
import { attempt } from "./notices.js";
import { loading } from "./show.js";

const PAGE = 25;
const TYPING_MILLISECONDS = 250;

/**
 * @param {object} options
 * @param {string} options.label what the list is of, such as "Videos"
 * @param {({search, sort, offset, limit, signal}) => Promise<{rows, count}>} options.load
 * @param {Array<{title, cell: (row: {value}) => Node, sort?: string, kind?: string}>} options.columns `sort` is the field by
 *   which the platform sorts; `kind` a class: `number`, `wide`, `narrow`, `doing` (buttons at
 *   the end, under a title that is not seen)
 * @param {string} options.sort at first: `field:asc` or `field:desc`
 * @param {string} [options.hint] what can be searched for; without it there is no search
 * @param {() => string} [options.terms] further terms of the search, read as an effect
 * @param {() => boolean} [options.isFiltered] whether these terms are more than what is always asked for
 * @param {Array<Node>} [options.filters] controls beside the search
 * @param {Array<{title, symbol, run: (rows) => Promise, isDangerous?, isFor?: (row) => boolean}>} [options.actions] for the
 *   chosen rows; it is run with those that it `isFor`, and the list loads again afterwards
 * @param {(row: {value}) => Node} [options.card] what a row is in the view of cards
 * @param {() => boolean} [options.isCards] whether cards are shown in the place of the table, read as an effect
 * @param {() => Node} options.empty where there is nothing at all
 * @returns {{node: Node, reload: () => Promise, rows: {value: Array}}} `rows` are those of the page, and may be changed
 */
export function listing({ label, load, columns, sort, hint, terms, isFiltered = () => Boolean(terms?.()), filters = [], actions = [], card, isCards = () => false, empty }) {
  const query = place.peek().query;
  const search = signal(query.get("search") ?? "");
  const order = signal(query.get("sort") ?? sort);
  const page = signal(Math.max(1, Number(query.get("page")) || 1));
  const wanted = computed(() => ({ search: all(terms?.(), search.value), sort: order.value, page: page.value }));
  const rows = signal([]);
  const total = signal(null);
  const chosen = signal(new Set());
  const { state, reload } = resource(async (aborted) => {
    const { search: text, sort: by, page: number } = wanted.peek();
    const found = await load({ search: text, sort: by, offset: (number - 1) * PAGE, limit: PAGE, signal: aborted });
    rows.value = found.rows;
    total.value = found.count;
    chosen.update((ids) => new Set(found.rows.map(({ id }) => id).filter((id) => ids.has(id))));
    return found;
  });

  let last = wanted.peek();
  effect(() => {
    const now = wanted.value;
    if (now === last) return;
    const isElsewhere = now.search !== last.search || now.sort !== last.sort;
    last = now;
    if (isElsewhere && now.page !== 1) page.value = 1;
    else reload();
    setQuery({ search: search.peek(), sort: order.peek() === sort ? "" : order.peek(), page: page.peek() === 1 ? "" : page.peek() });
  });

  // What stands there changes only where it must: a list that loads again keeps its table, with focus and scroll.
  const face = computed(() => {
    const { error, isThere } = state.value;
    if (error || !isThere) return error ?? "loading";
    if (total.value > 0) return isCards() ? "cards" : "table";
    return search.peek() || untracked(isFiltered) ? "nothing" : "empty";
  });
  const node = h(
    "section.listing",
    { "aria-label": label },
    (hint || filters.length > 0) && h("div.tools", {}, hint && searchBox(search, hint, label), filters),
    actions.length > 0 && selectionBar(rows, chosen, actions, reload),
    () => {
      const shown = face.value;
      return untracked(() => {
        if (shown === "loading") return loading();
        if (shown === "cards") return cards(label, card, rows, chosen, actions.length > 0);
        if (shown === "table") return table(label, columns, rows, order, chosen, actions.length > 0);
        if (shown === "nothing") return h("p.nothing", {}, "Nothing matches.");
        return shown === "empty" ? empty() : failure(shown, reload);
      });
    },
    () => total.value > PAGE && pager(page, total),
  );
  return { node, reload, rows, total };
}

function searchBox(search, hint, label) {
  let timer;
  const input = h("input", {
    type: "search",
    value: search.peek(),
    placeholder: hint,
    "aria-label": `Search ${label.toLowerCase()}`,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        search.value = input.value.trim();
      }, TYPING_MILLISECONDS);
    },
  });
  return h("div.search", {}, icon("search"), input);
}

function selectionBar(rows, chosen, actions, reload) {
  const selected = () => rows.value.filter(({ id }) => chosen.value.has(id));
  const actionButton = ({ title, symbol, run, isDangerous, isFor = () => true }) => {
    const fitting = computed(() => selected().filter(isFor).length);
    const work = () =>
      attempt(async () => {
        await run(selected().filter(isFor));
        await reload();
      });
    // Where some of the selected cannot have it done to them, it says how many can.
    const name = () => (fitting.value && fitting.value < chosen.value.size ? `${title} (${count(fitting.value)})` : title);
    return button(name, work, { symbol, kind: isDangerous ? "danger" : "", disabled: () => fitting.value === 0 });
  };
  return h(
    "div.selection",
    { hidden: () => chosen.value.size === 0, role: "toolbar", "aria-label": "With the selected" },
    h("span", {}, () => `${count(chosen.value.size)} selected`),
    actions.map(actionButton),
    button("Clear", () => (chosen.value = new Set()), { kind: "link" }),
  );
}

function table(label, columns, rows, order, chosen, hasChoice) {
  const head = ({ title, sort: by, kind }) => {
    if (!by) return h("th", { scope: "col", class: kind }, kind === "doing" ? h("span.unseen", {}, title) : title);
    const sorted = () => ({ [`${by}:asc`]: "ascending", [`${by}:desc`]: "descending" })[order.value] ?? null;
    const turn = () => (order.value = order.peek() === `${by}:desc` ? `${by}:asc` : `${by}:desc`);
    return h("th", { scope: "col", class: kind, "aria-sort": sorted }, h("button.plain", { type: "button", onclick: turn }, title, icon("chevron")));
  };
  return h(
    "table",
    { "aria-label": label },
    h("thead", {}, h("tr", {}, hasChoice && h("th.choice", { scope: "col" }, chooseAll(rows, chosen)), columns.map(head))),
    h(
      "tbody",
      {},
      each(
        () => rows.value,
        ({ id }) => id,
        (row, id) =>
          h(
            "tr",
            { "data-id": id, class: () => (chosen.value.has(id) ? "chosen" : "") },
            hasChoice && h("td.choice", {}, chooseOne(row, id, chosen)),
            columns.map(({ title, cell, kind }) => h("td", { class: kind, "data-title": title }, () => cell(row))),
          ),
      ),
    ),
  );
}

function cards(label, card, rows, chosen, hasChoice) {
  return h(
    "ul.cards",
    { "aria-label": label },
    each(
      () => rows.value,
      ({ id }) => id,
      (row, id) => h("li", { "data-id": id, class: () => (chosen.value.has(id) ? "chosen" : "") }, hasChoice && chooseOne(row, id, chosen), () => card(row)),
    ),
  );
}

function chooseAll(rows, chosen) {
  return h("input", {
    type: "checkbox",
    "aria-label": "Select all on this page",
    checked: () => rows.value.length > 0 && rows.value.every(({ id }) => chosen.value.has(id)),
    indeterminate: () => chosen.value.size > 0 && !rows.value.every(({ id }) => chosen.value.has(id)),
    onchange: (event) => (chosen.value = new Set(event.target.checked ? rows.value.map(({ id }) => id) : [])),
  });
}

function chooseOne(row, id, chosen) {
  return h("input", {
    type: "checkbox",
    "aria-label": () => `Select ${row.value.name ?? id}`,
    checked: () => chosen.value.has(id),
    onchange: (event) =>
      chosen.update((ids) => {
        const next = new Set(ids);
        next[event.target.checked ? "add" : "delete"](id);
        return next;
      }),
  });
}

function pager(page, total) {
  const pages = Math.ceil(total.value / PAGE);
  const turn = (step) => () => (page.value = Math.min(pages, Math.max(1, page.value + step)));
  const first = (page.value - 1) * PAGE + 1;
  return h(
    "nav.pager",
    { "aria-label": "Pages" },
    button("Previous", turn(-1), { disabled: page.value === 1 }),
    h("span", {}, `${count(first)}–${count(Math.min(first + PAGE - 1, total.value))} of ${count(total.value)}`),
    button("Next", turn(1), { disabled: page.value >= pages }),
  );
}
