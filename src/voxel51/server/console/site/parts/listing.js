/**
 * Lists of records: search, sorting and pages by the platform, and actions on selected rows.
 *
 * Search, order and page number are kept in the URL, so that going back shows the same list again.
 */

import { each, h } from "../core/dom.js";
import { computed, effect, signal, untracked } from "../core/reactive.js";
import { route, setQuery } from "../core/router.js";
import { count, countOrMore } from "../core/format.js";
import { allOf } from "../core/query.js";
import { button } from "./form.js";
import { icon } from "./icons.js";
import { loadError, resource } from "./load.js";
import { attempt } from "./notices.js";
import { loading } from "./elements.js";

const PAGE = 25;
const TYPING_MILLISECONDS = 250;

/**
 * @param {object} options
 * @param {string} options.label such as "Videos"
 * @param {({search, sort, offset, limit, signal}) => Promise<{rows, count, is_count_exact?}>} options.load
 * @param {Array<{title, cell: (row: {value}) => Node, sort?: string, kind?: string}>} options.columns `sort` is the field by
 *   which the platform sorts; `kind` a class: `number`, `wide`, `narrow`, `row-actions` (buttons at
 *   the end, with a visually hidden title)
 * @param {string} options.sort the initial order: `field:asc` or `field:desc`
 * @param {string} [options.hint] placeholder of the search box; without it there is no search
 * @param {() => string} [options.terms] further search terms, read as an effect
 * @param {() => boolean} [options.isFiltered] whether `terms` hides some of the rows (the result says "No results" then)
 * @param {Array<Node>} [options.filters] controls beside the search box
 * @param {Array<{title, symbol, run: (rows) => Promise, runAll?: ({search, count, isExact}) => Promise, isDangerous?, isFor?: (row) => boolean}>} [options.actions] for
 *   the selected rows; an action runs with those for which it `isFor`, and then the list is reloaded. With `runAll`, an action also runs on
 *   all rows that match the search, on whichever page
 * @param {(row: {value}) => Node} [options.card] a row in the card view
 * @param {() => boolean} [options.isCards] whether the card view is shown, read as an effect
 * @param {() => Node} options.empty the empty state
 * @returns {{node: Node, reload: () => Promise, rows: {value: Array}, total: {value}, present: () => {search, sort}}} `rows` are those of
 *   the page, and may be changed; `present` returns the search with all filters, and the order
 */
export function listing({ label, load, columns, sort, hint, terms, isFiltered = () => Boolean(terms?.()), filters = [], actions = [], card, isCards = () => false, empty }) {
  const query = route.peek().query;
  const search = signal(query.get("search") ?? "");
  const order = signal(query.get("sort") ?? sort);
  const page = signal(Math.max(1, Number(query.get("page")) || 1));
  const criteria = computed(() => ({ search: allOf(terms?.(), search.value), sort: order.value, page: page.value }));
  const rows = signal([]);
  const total = signal(null);
  const isExact = signal(true);
  const chosen = signal(new Set());
  const isAll = signal(false); // whether all rows that match are selected, not only those of this page
  const { state, reload } = resource(async (aborted) => {
    const { search: text, sort: by, page: number } = criteria.peek();
    const found = await load({ search: text, sort: by, offset: (number - 1) * PAGE, limit: PAGE, signal: aborted });
    rows.value = found.rows;
    total.value = found.count;
    isExact.value = found.is_count_exact ?? true;
    chosen.update((ids) => new Set(found.rows.map(({ id }) => id).filter((id) => isAll.peek() || ids.has(id))));
    return found;
  });

  let last = criteria.peek();
  effect(() => {
    const now = criteria.value;
    if (now === last) return;
    const isOtherList = now.search !== last.search || now.sort !== last.sort;
    if (now.search !== last.search) isAll.value = false;
    last = now;
    if (isOtherList && now.page !== 1) page.value = 1; // runs this effect again, which reloads
    else reload();
    setQuery({ search: search.peek(), sort: order.peek() === sort ? "" : order.peek(), page: page.peek() === 1 ? "" : page.peek() });
  });

  // The view is made again only if its kind changes: a reloaded list keeps its table, with focus and scroll position.
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
    actions.length > 0 && selectionBar({ rows, chosen, isAll, total, isExact, search: () => criteria.peek().search }, actions, reload),
    () => {
      const shown = face.value;
      return untracked(() => {
        if (shown === "loading") return loading();
        if (shown === "cards") return cards(label, card, rows, chosen, actions.length > 0);
        if (shown === "table") return table(label, columns, rows, order, chosen, actions.length > 0);
        if (shown === "nothing") return h("p.nothing", { role: "status" }, "No results. Change the search or the filters.");
        return shown === "empty" ? empty() : loadError(shown, reload);
      });
    },
    () => total.value > PAGE && pager(page, total, isExact),
  );
  const present = () => ({ search: criteria.peek().search, sort: criteria.peek().sort });
  return { node, reload, rows, total, present };
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

function selectionBar({ rows, chosen, isAll, total, isExact, search }, actions, reload) {
  const selected = () => rows.value.filter(({ id }) => chosen.value.has(id));
  const isPage = computed(() => rows.value.length > 0 && rows.value.every(({ id }) => chosen.value.has(id)));
  effect(() => {
    if (!isPage.value) isAll.value = false; // a row was deselected
  });
  const allText = () => countOrMore(total.value, isExact.value);
  const actionButton = ({ title, symbol, run, runAll, isDangerous, isFor = () => true }) => {
    const fitting = computed(() => selected().filter(isFor).length);
    const work = () =>
      attempt(async () => {
        if (isAll.peek()) await runAll({ search: search(), count: total.peek(), isExact: isExact.peek() });
        else await run(selected().filter(isFor));
        await reload();
      });
    // If the action fits only some of the selected rows, the button says how many.
    const name = () => (!isAll.value && fitting.value && fitting.value < chosen.value.size ? `${title} (${count(fitting.value)})` : title);
    return button(name, work, { symbol, kind: isDangerous ? "danger" : "", disabled: () => (isAll.value ? !runAll : fitting.value === 0) });
  };
  const canTakeAll = actions.some(({ runAll }) => runAll);
  return h(
    "div.selection",
    { hidden: () => chosen.value.size === 0, role: "toolbar", "aria-label": "Actions on selected rows" },
    h("span", { role: "status" }, () => (isAll.value ? `All ${allText()} matches selected` : `${count(chosen.value.size)} selected`)),
    () => canTakeAll && isPage.value && !isAll.value && total.value > rows.value.length && button(`Select all ${allText()} that match`, () => (isAll.value = true), { kind: "link" }),
    actions.map(actionButton),
    button("Clear selection", () => (chosen.value = new Set()), { kind: "link" }),
  );
}

function table(label, columns, rows, order, chosen, hasChoice) {
  const head = ({ title, sort: by, kind }) => {
    if (!by) return h("th", { scope: "col", class: kind }, kind === "row-actions" ? h("span.visually-hidden", {}, title) : title);
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

function pager(page, total, isExact) {
  const pages = Math.ceil(total.value / PAGE);
  const turn = (step) => () => (page.value = Math.min(pages, Math.max(1, page.value + step)));
  const first = (page.value - 1) * PAGE + 1;
  return h(
    "nav.pager",
    { "aria-label": "Pages" },
    button("Previous", turn(-1), { disabled: page.value === 1 }),
    h("span", {}, `${count(first)}–${count(Math.min(first + PAGE - 1, total.value))} of ${countOrMore(total.value, isExact.value)}`),
    button("Next", turn(1), { disabled: page.value >= pages }),
  );
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * Return one page of `all`, for lists that the API returns as a whole: the rows that contain the search text in one of
 * `fields`, in the order and with the offset that `load` was asked for.
 */
export function filterAndPage(all, fields, { search, sort, offset, limit }) {
  const wanted = search.toLowerCase();
  const found = all.filter((row) => fields.some((name) => String(row[name] ?? "").toLowerCase().includes(wanted)));
  const [by, direction] = sort.split(":");
  if (by) found.sort((one, other) => (direction === "desc" ? -1 : 1) * collator.compare(String(one[by]), String(other[by])));
  return { rows: found.slice(offset, offset + limit), count: found.length };
}
