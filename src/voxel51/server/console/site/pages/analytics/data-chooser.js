/** A control that chooses videos or files of the user, in a dialog with posters and names. */

import { each, h } from "../../core/dom.js";
import { computed, effect, listen, onEnd, signal, untracked } from "../../core/reactive.js";
import { ago, count, size } from "../../core/format.js";
import { term } from "../../core/query.js";
import { hasScope } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loadError, resource } from "../../parts/load.js";
import { emptyState, loading } from "../../parts/elements.js";
import { thumbnail } from "../data/file-card.js";
import { findData } from "./data-records.js";
import { sampleVideo } from "./sample-video.js";

const PAGE = 24;
const TYPING_MILLISECONDS = 250;

/**
 * @param {{value: Array<{id, name}>}} chosen a signal that the control changes
 * @param {{noun: string, isMany: boolean}} options `noun` is what is chosen ("a video"), `isMany` whether several may be
 */
export function dataChooser(chosen, { noun, isMany }) {
  const choose = async () => {
    const selected = await chooseData(chosen.peek(), { noun, isMany });
    if (selected) chosen.value = selected;
  };
  const remove = (id) => (chosen.value = chosen.peek().filter((other) => other.id !== id));
  const entry = (record, id) =>
    h("li.chosen-data", {}, thumbnail(record.peek()), h("span.name", {}, record.peek().name), button(`Remove ${record.peek().name}`, () => remove(id), { symbol: "close", kind: "plain", isIconOnly: true }));
  return h(
    "div.data-chooser",
    {},
    h("ul", {}, each(() => chosen.value, ({ id }) => id, entry)),
    button(() => (chosen.value.length === 0 ? `Choose ${noun}…` : isMany ? "Change selection…" : "Choose another…"), choose, { symbol: "data" }),
  );
}

/** Ask for data; resolves to the selected records, undefined if the dialog was dismissed. */
export function chooseData(before, { noun, isMany }) {
  return dialog(
    `Choose ${noun}`,
    (close) => {
      const selected = signal(before);
      const [search, limit] = [signal(""), signal(PAGE)];
      const found = resource((aborted) => findData({ search: term("name", ...[search.peek()].filter(Boolean)), offset: 0, limit: limit.peek(), signal: aborted }));
      let isFirst = true;
      effect(() => {
        search.value;
        limit.value;
        if (!isFirst) found.reload();
        isFirst = false;
      });
      listen(window, "focus", found.reload); // shows what was uploaded in another tab meanwhile
      const toggle = (record) => {
        if (!isMany) return close([record]);
        const isSelected = selected.peek().some(({ id }) => id === record.id);
        selected.value = isSelected ? selected.peek().filter(({ id }) => id !== record.id) : [...selected.peek(), record];
      };
      return h(
        "div.choosing",
        {},
        h("div.tools", {}, searchBox(search), hasScope("upload") && [h("a.button", { href: "/data", target: "_blank", rel: "noopener" }, icon("upload"), "Upload in a new tab"), sampleButton(toggle)]),
        results(found, selected, toggle, limit, search),
        isMany && h("footer", {}, h("button", { type: "button", onclick: () => close() }, "Cancel"), selectButton(selected, close)),
      );
    },
    { isWide: true },
  );
}

/** A button that takes the sample video, for users who have no video at hand. */
const sampleButton = (take) => button("Use the sample video", async () => take(await sampleVideo()), { symbol: "play" });

function selectButton(selected, close) {
  return h("button.primary", { type: "button", disabled: () => selected.value.length === 0, onclick: () => close(selected.peek()) }, () => `Use selected (${count(selected.value.length)})`);
}

function searchBox(search) {
  let timer;
  onEnd(() => clearTimeout(timer));
  const type = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => (search.value = event.target.value.trim()), TYPING_MILLISECONDS);
  };
  return h("div.search", {}, icon("search"), h("input", { type: "search", placeholder: "Search by name", "aria-label": "Search your videos", autofocus: true, oninput: type }));
}

function results({ state, reload }, selected, toggle, limit, search) {
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
        return search.peek() ? h("p.nothing", { role: "status" }, "No results. Change the search.") : emptyState("No videos yet", "Your videos appear here. Upload one in a new tab, then come back to this tab.");
      }
      if (shown !== "list") return loadError(shown, reload);
      const records = () => state.value.value.data;
      return [
        h("div.data-grid", {}, each(records, ({ id }) => id, (record, id) => option(record.peek(), () => selected.value.some((other) => other.id === id), toggle))),
        () => state.value.value.count > records().length && h("div.pager", {}, button("Show more", () => (limit.value += PAGE))),
      ];
    });
  };
}

function option(record, isSelected, toggle) {
  return h(
    "button.data-option",
    { type: "button", "aria-pressed": () => String(isSelected()), onclick: () => toggle(record) },
    thumbnail(record),
    h("span.name", {}, record.name),
    h("span.muted", {}, [size(record.size), ago(record.upload_date)].filter(Boolean).join(" · ")),
  );
}
