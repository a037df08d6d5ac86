/** Choosing data of one's own, by picture and name. */

import { each, h } from "../../core/dom.js";
import { computed, effect, listen, onEnd, signal, untracked } from "../../core/reactive.js";
import { ago, count, size } from "../../core/format.js";
import { term } from "../../core/query.js";
import { may } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { failure, resource } from "../../parts/load.js";
import { poster } from "../../parts/poster.js";
import { emptiness, loading } from "../../parts/show.js";
import { findData } from "./data.js";

const PAGE = 24;
const TYPING_MILLISECONDS = 250;

/**
 * What is chosen, and a way to choose.
 *
 * @param {{value: Array<{id, name}>}} chosen a signal, which is changed
 * @param {object} look `what` is chosen ("a video"), whether `isMany` may be, and the `opener`'s attributes
 */
export function dataChooser(chosen, { what, isMany, opener = {} }) {
  const choose = async () => {
    const taken = await askForData(chosen.peek(), { what, isMany });
    if (taken) chosen.value = taken;
  };
  const remove = (id) => (chosen.value = chosen.peek().filter((other) => other.id !== id));
  const entry = (record, id) =>
    h("li.chosen-data", {}, poster(id, { width: 160 }), h("span.name", {}, record.peek().name), button(`Remove ${record.peek().name}`, () => remove(id), { symbol: "close", kind: "plain", isIconOnly: true }));
  return h(
    "div.data-chooser",
    {},
    h("ul", {}, each(() => chosen.value, ({ id }) => id, entry)),
    button(() => (chosen.value.length === 0 ? `Choose ${what}…` : isMany ? "Choose others…" : "Choose another…"), choose, { symbol: "data", ...opener }),
  );
}

/** Ask for data; resolves to the records that were chosen, undefined where somebody thought better of it. */
function askForData(present, { what, isMany }) {
  return dialog(
    `Choose ${what}`,
    (close) => {
      const taken = signal(present);
      const [search, limit] = [signal(""), signal(PAGE)];
      const found = resource((aborted) => findData({ search: term("name", ...[search.peek()].filter(Boolean)), offset: 0, limit: limit.peek(), signal: aborted }));
      let isFirst = true;
      effect(() => {
        search.value;
        limit.value;
        if (!isFirst) found.reload();
        isFirst = false;
      });
      listen(window, "focus", found.reload); // who uploaded something in another tab finds it here
      const toggle = (record) => {
        if (!isMany) return close([record]);
        const isTaken = taken.peek().some(({ id }) => id === record.id);
        taken.value = isTaken ? taken.peek().filter(({ id }) => id !== record.id) : [...taken.peek(), record];
      };
      return h(
        "div.choosing",
        {},
        h("div.tools", {}, searchBox(search), may("upload") && h("a.button", { href: "/data", target: "_blank", rel: "noopener" }, icon("upload"), "Upload another")),
        results(found, taken, toggle, limit, search),
        isMany && h("footer", {}, h("button", { type: "button", onclick: () => close() }, "Cancel"), take(taken, close)),
      );
    },
    { isWide: true },
  );
}

function take(taken, close) {
  const title = () => (taken.value.length === 1 ? "Take this one" : `Take ${count(taken.value.length)}`);
  return h("button.primary", { type: "button", disabled: () => taken.value.length === 0, onclick: () => close(taken.peek()) }, title);
}

function searchBox(search) {
  let timer;
  onEnd(() => clearTimeout(timer));
  const type = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => (search.value = event.target.value.trim()), TYPING_MILLISECONDS);
  };
  return h("div.search", {}, icon("search"), h("input", { type: "search", placeholder: "Part of its name", "aria-label": "Search your data", autofocus: true, oninput: type }));
}

function results({ state, reload }, taken, toggle, limit, search) {
  const face = computed(() => {
    const { value, error, isThere } = state.value;
    if (error || !isThere) return error ?? "loading";
    return value.data.length > 0 ? "list" : "nothing";
  });
  return () => {
    const shown = face.value;
    return untracked(() => {
      if (shown === "loading") return loading();
      if (shown === "nothing") {
        return search.peek() ? h("p.nothing", {}, "Nothing has such a name.") : emptiness("You have no data yet", "Upload a video in another tab; it appears here when you come back.");
      }
      if (shown !== "list") return failure(shown, reload);
      const records = () => state.value.value.data;
      return [
        h("div.data-grid", {}, each(records, ({ id }) => id, (record, id) => option(record.peek(), () => taken.value.some((other) => other.id === id), toggle))),
        () => state.value.value.count > records().length && h("div.pager", {}, button("Show more", () => (limit.value += PAGE))),
      ];
    });
  };
}

function option(record, isTaken, toggle) {
  return h(
    "button.data-option",
    { type: "button", "aria-pressed": () => String(isTaken()), onclick: () => toggle(record) },
    poster(record.id),
    h("span.name", {}, record.name),
    h("span.soft", {}, [size(record.size), ago(record.upload_date)].filter(Boolean).join(" · ")),
  );
}
