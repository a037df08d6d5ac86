/** What can be done to files, one or many. */

import { h } from "../../core/dom.js";
import { download, get, pause } from "../../core/api.js";
import { count } from "../../core/format.js";
import { go } from "../../core/router.js";
import { batch } from "../../parts/batch.js";
import { confirmed, dialog } from "../../parts/dialog.js";
import { askExpiry } from "../../parts/expiry.js";
import { copyable } from "../../parts/show.js";

const BETWEEN_DOWNLOADS_MILLISECONDS = 400;
const NAMED = 3;

/** Where an analytic is chosen for `rows`. */
export const runAddress = (rows) => `/analytics?data=${rows.map(({ id }) => encodeURIComponent(id)).join(",")}`;

export const runOn = (rows) => go(runAddress(rows));

/** Save the files. Browsers take several downloads only one after the other. */
export async function downloadAll(rows) {
  for (const [index, { id, name }] of rows.entries()) {
    if (index) await pause(BETWEEN_DOWNLOADS_MILLISECONDS);
    download(`/data/${encodeURIComponent(id)}/download`, {}, name);
  }
}

/** Ask for how long the files are kept, and change it; resolves to whether it was asked for. */
export function changeExpiry(rows) {
  const isOne = rows.length === 1;
  const title = isOne ? "Change when this file expires" : `Change when ${count(rows.length)} files expire`;
  const done = isOne ? "is kept until another day" : "are kept until another day";
  return askExpiry(title, isOne ? rows[0].expiration_date : null, (change) => batch("data", "ttl", rows, done, change));
}

/** Ask, and delete; resolves to whether it was wanted. */
export async function remove(rows) {
  const title = rows.length === 1 ? "Delete this file?" : `Delete ${count(rows.length)} files?`;
  const isWanted = await confirmed(title, `${named(rows)} will be gone for good, and so will the pictures made of it. What jobs found stays.`, "Delete");
  if (isWanted) await batch("data", "delete", rows, rows.length === 1 ? "is deleted" : "are deleted");
  return isWanted;
}

/** The first few names, and how many more. */
function named(rows) {
  const names = rows.slice(0, NAMED).map(({ name }) => name);
  const more = rows.length - names.length;
  return more ? `${names.join(", ")} and ${count(more)} more` : names.join(", ");
}

/** Show a link that needs no sign-in, to copy. */
export async function shareLink({ id }) {
  const { url } = await get(`/data/${encodeURIComponent(id)}/download-url`);
  await dialog("A link to this file", () =>
    h("div", {}, h("p", {}, "Whoever has this link can download the file, without signing in. It stops working after a while."), copyable(new URL(url, location.origin).href)),
  );
}
