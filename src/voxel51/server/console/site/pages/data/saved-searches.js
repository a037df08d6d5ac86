/** Saved searches: a menu that opens them, saves the present one, and deletes them. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { dialog } from "../../parts/dialog.js";
import { field, form, select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { menu } from "../../parts/menu.js";
import { notify, showError } from "../../parts/notices.js";
import { signal } from "../../core/reactive.js";
import { navigate } from "../../core/router.js";
import { hasScope } from "../../core/session.js";

const MAX_NAME = 128;

/**
 * @param {() => {search: string, sort: string}} present the search that is shown, with all filters
 */
export function savedSearches(present) {
  const known = signal([]);
  const reload = async () => (known.value = (await get("/searches")).searches);
  reload().catch(showError);

  const entries = () => [
    ...known.value.map(({ name, search, sort }) => ({ title: name, symbol: icon("search"), run: () => navigate(`/data?${new URLSearchParams({ search, ...(sort && { sort }) })}`) })),
    hasScope("upload") && { title: "Save this search…", symbol: icon("add"), run: async () => (await save(present())) && reload() },
    hasScope("upload") && known.value.length > 0 && { title: "Delete a saved search…", symbol: icon("trash"), run: async () => (await remove(known.value)) && reload() },
  ];
  const isEmpty = () => !hasScope("upload") && known.value.length === 0;
  return h("span", { hidden: isEmpty }, menu([icon("search"), "Saved searches"], "Saved searches", entries));
}

function save({ search, sort }) {
  if (!search) {
    notify("Search or filter first; the search is then saved under a name.");
    return false;
  }
  return dialog("Save this search", (close) =>
    form([h("p", {}, h("code", {}, search)), field("Name", h("input", { name: "name", required: true, autofocus: true, maxlength: MAX_NAME, pattern: "(?!\\.{1,2}$).*" }), { hint: "A search of the same name is replaced." })], {
      verb: "Save",
      cancel: () => close(),
      submit: async ({ name }) => {
        await call("PUT", pathOf(name), { json: { search, sort } });
        notify(`Saved as “${name}”`);
        close(true);
      },
    }),
  );
}

function remove(searches) {
  return dialog("Delete a saved search", (close) =>
    form([field("Search", select(searches.map(({ name }) => name), { name: "name" }), { hint: "Its videos are kept." })], {
      verb: "Delete",
      cancel: () => close(),
      submit: async ({ name }) => {
        await call("DELETE", pathOf(name));
        close(true);
      },
    }),
  );
}

const pathOf = (name) => `/searches/${encodeURIComponent(name)}`;
