/** Tags and collections of selected files: dialogs that add them. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { count } from "../../core/format.js";
import { batch } from "../../parts/batch.js";
import { dialog } from "../../parts/dialog.js";
import { field, form, select } from "../../parts/form.js";
import { notify } from "../../parts/notices.js";

const MAX_LENGTH = 64;
const MAX_NAME = 128;
const NEW = "";

/** Ask for tags, and set them on `rows`; resolves to whether they were set. */
export function addTags(rows) {
  return dialog(rows.length === 1 ? "Add tags" : `Add tags to ${count(rows.length)} files`, (close) =>
    form(field("Tags", h("input", { name: "tags", required: true, autofocus: true, maxlength: 10 * MAX_LENGTH }), { hint: "Separate several tags by commas." }), {
      verb: "Add tags",
      cancel: () => close(),
      submit: async ({ tags }) => {
        const names = tags.split(",").map((tag) => tag.trim()).filter(Boolean);
        await batch("data", "update", rows, "tagged", { add_tags: names });
        close(true);
      },
    }),
  );
}

/** Ask for a collection, or the name of a new one, and add `rows` to it; resolves to whether they were added. */
export async function addToCollection(rows) {
  const { collections } = await get("/collections");
  const editable = collections.filter(({ role }) => role !== "viewer");
  const ids = rows.map(({ id }) => id);
  return dialog("Add to a collection", (close) => {
    const name = h("input", { name: "name", maxlength: MAX_NAME });
    const nameField = field("Name of the new collection", name);
    const chosen = select([...editable.map((each) => [each.id, each.name]), [NEW, "New collection…"]], { name: "collection", onchange: () => show() });
    const show = () => {
      nameField.hidden = chosen.value !== NEW;
      name.required = chosen.value === NEW;
    };
    show();
    return form([field("Collection", chosen), nameField], {
      verb: "Add",
      cancel: () => close(),
      submit: async (values) => {
        const id = values.collection || (await call("POST", "/collections", { json: { name: values.name } })).collection.id;
        const { changed } = await call("POST", `/collections/${encodeURIComponent(id)}/members`, { json: { action: "add", ids } });
        notify(`${count(changed)} added`);
        close(true);
      },
    });
  });
}
