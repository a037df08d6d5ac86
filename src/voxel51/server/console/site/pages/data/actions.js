/** Actions on one or several files: run an analytic, download, change expiry, delete, create a download link. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { count } from "../../core/format.js";
import { term } from "../../core/query.js";
import { navigate } from "../../core/router.js";
import { batch } from "../../parts/batch.js";
import { confirmAction, dialog } from "../../parts/dialog.js";
import { downloadEach } from "../../parts/downloads.js";
import { askExpiry } from "../../parts/expiry.js";
import { copyable } from "../../parts/elements.js";

const MAX_NAMES = 3;

/** Return the path of the catalogue in which an analytic is chosen for `rows`. */
export const runAddress = (rows) => `/analytics?data=${rows.map(({ id }) => encodeURIComponent(id)).join(",")}`;

/** Choose an analytic for all files that match a search. */
export const runOnMatching = ({ search }) => navigate(`/analytics?${new URLSearchParams({ matching: search })}`);

/** Choose an analytic for the user's own videos in a collection. */
export const runOnCollection = ({ id, name }) => navigate(`/analytics?${new URLSearchParams({ matching: term("collection", id), collection: name })}`);

export const runOn = (rows) => navigate(runAddress(rows));

/** Download files. */
export const downloadAll = (rows) => downloadEach(rows.map(({ id, name }) => ({ path: `/data/${encodeURIComponent(id)}/download`, query: { direct: true }, name })));

/** Change when files expire; resolves to whether it was changed. */
export function changeExpiry(rows) {
  const isOne = rows.length === 1;
  const title = isOne ? "Change the expiry of this file" : `Change the expiry of ${count(rows.length)} files`;
  return askExpiry(title, isOne ? rows[0].expiration_date : null, (change) => batch("data", "ttl", rows, "updated", change));
}

/** Delete files after confirmation; resolves to whether it was confirmed. */
export async function remove(rows) {
  const title = rows.length === 1 ? "Delete this file?" : `Delete ${count(rows.length)} files?`;
  const isConfirmed = await confirmAction(title, `${namesOf(rows)} will be deleted with all thumbnails and renditions. Results of jobs are kept. This cannot be undone.`, "Delete");
  if (isConfirmed) await batch("data", "delete", rows, "deleted");
  return isConfirmed;
}

/** The first few names, and the number of the others. */
function namesOf(rows) {
  const names = rows.slice(0, MAX_NAMES).map(({ name }) => name);
  const more = rows.length - names.length;
  return more ? `${names.join(", ")} and ${count(more)} more` : names.join(", ");
}

/** Create a download link that needs no sign-in, and show it. */
export async function createDownloadLink({ id }) {
  const { url } = await get(`/data/${encodeURIComponent(id)}/download-url`);
  await dialog("Download link", () =>
    h("div", {}, h("p", {}, "Anyone who has this link can download the file without signing in. The link expires after some time."), copyable(new URL(url, location.origin).href)),
  );
}
