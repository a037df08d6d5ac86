/** Tags and collections of selected files: dialogs that add them. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { count, countOrMore } from "../../core/format.js";
import { batch } from "../../parts/batch.js";
import { dialog } from "../../parts/dialog.js";
import { field, form, select } from "../../parts/form.js";
import { notify } from "../../parts/notices.js";

const MAX_LENGTH = 64;
const MAX_NAME = 128;
const NEW = "";

/** Ask for tags, and set them on `rows`; resolves to whether they were set. */
export const addTags = (rows) => askTags(rows.length === 1 ? "Add tags" : `Add tags to ${count(rows.length)} files`, (tags) => batch("data", "update", rows, "tagged", { add_tags: tags }));

/** Ask for tags, and set them on all files that match a search; resolves to whether they were set. */
export const addTagsToMatching = ({ search, ...total }) =>
  askTags(`Add tags to all ${totalText(total)} files that match`, async (tags) => {
    const { changed, failed, failure, is_complete: isComplete } = await call("PATCH", "/data", { json: { search, add_tags: tags } });
    const left = failed ? ` ${count(failed)} were not: ${failure}` : "";
    notify(`${count(changed)} tagged.${left}${isComplete ? "" : " The search matches more; narrow it to tag the others."}`);
  });

function askTags(title, set) {
  return dialog(title, (close) =>
    form(field("Tags", h("input", { name: "tags", required: true, autofocus: true, maxlength: 10 * MAX_LENGTH }), { hint: "Separate several tags by commas." }), {
      verb: "Add tags",
      cancel: () => close(),
      submit: async ({ tags }) => {
        await set(tags.split(",").map((tag) => tag.trim()).filter(Boolean));
        close(true);
      },
    }),
  );
}

/** Ask for a collection, or the name of a new one, and add `rows` to it; resolves to whether they were added. */
export const addToCollection = (rows) => askCollection("Add to a collection", { ids: rows.map(({ id }) => id) });

/** Ask for a collection, and add all files that match a search to it; resolves to whether they were added. */
export const addMatchingToCollection = ({ search, ...total }) => askCollection(`Add all ${totalText(total)} files that match to a collection`, { search });

const totalText = ({ count: number, isExact }) => countOrMore(number, isExact);

async function askCollection(title, members) {
  const { collections } = await get("/collections");
  const editable = collections.filter(({ role }) => role !== "viewer");
  return dialog(title, (close) => {
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
        const { changed, is_complete: isComplete } = await call("POST", `/collections/${encodeURIComponent(id)}/members`, { json: { action: "add", ...members } });
        notify(`${count(changed)} added${isComplete ? "" : ". The search matches more: add them again for the others"}`);
        close(true);
      },
    });
  });
}
