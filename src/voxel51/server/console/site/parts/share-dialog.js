/** The dialog that shares a record with other users, and ends its shares. */

import { h } from "../core/dom.js";
import { call, get } from "../core/api.js";
import { hasScope } from "../core/session.js";
import { dialog } from "./dialog.js";
import { button, field, form } from "./form.js";
import { loaded } from "./load.js";
import { notify } from "./notices.js";

/** Whether the session may share records. */
export const canShare = () => hasScope("manage") && hasScope("read");

/**
 * Show with whom a record is shared, and share it with one more user.
 *
 * @param {string} path of the record
 * @param {string} name of the record
 * @param {string} note what the other user may do
 * @param {Array<Node>} fields more fields, whose values are the body of the request
 */
export function shareDialog(path, name, note, fields = []) {
  const shares = `${path}/shares`;
  return dialog(`Share “${name}”`, (close) => [
    loaded(
      async (aborted) => (await get(shares, {}, { signal: aborted })).shares,
      (found, again) => found.length > 0 && h("ul.shares", { "aria-label": "Shared with" }, found.map((each) => sharedWith(shares, each, again))),
    ),
    form([h("p", {}, note), field("Username", h("input", { name: "username", required: true, autofocus: true })), fields], {
      verb: "Share",
      cancel: () => close(),
      submit: async ({ username, ...json }) => {
        await call("PUT", `${shares}/${encodeURIComponent(username)}`, { json });
        notify(`Shared with ${username}`);
        close(true);
      },
    }),
  ]);
}

function sharedWith(shares, { username, role }, again) {
  const end = async () => {
    await call("DELETE", `${shares}/${encodeURIComponent(username)}`);
    await again();
  };
  return h("li", {}, h("bdi", {}, username), role && h("span.muted", {}, role), button(`End the share with ${username}`, end, { symbol: "close", kind: "plain", isIconOnly: true }));
}
