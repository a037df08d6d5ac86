/** How much a user, or each user of an application, may have. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { size } from "../../core/format.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { notify } from "../../parts/notices.js";

const GIGABYTE = 1e9;

/** Show what a user has and may have, and grant more or less. */
export function grantToUser(username) {
  const path = `/admin/users/${encodeURIComponent(username)}/quota`;
  return dialog(`Quota of "${username}"`, (close) =>
    h(
      "div",
      {},
      loaded(
        () => get(path),
        ({ bytes, quota }) => [h("p", {}, `"${username}" keeps ${size(bytes)} ${limitOf(quota.bytes)}.`), grant(path, quota, `The quota of "${username}" is in force.`, close)],
      ),
    ),
  );
}

/** Grant each user of an application more or less. */
export function grantToApplication(name) {
  const path = `/admin/applications/${encodeURIComponent(name)}/quota`;
  return dialog(`Quota of the users of "${name}"`, (close) =>
    h(
      "div",
      {},
      h("p", {}, `It holds for each user of "${name}" by themselves. What was granted before is not shown; it is replaced as a whole.`),
      grant(path, null, `The quota of the users of "${name}" is in force.`, close),
    ),
  );
}

const limitOf = (bytes) => (bytes ? `of ${size(bytes)}` : "without a limit");

function grant(path, quota, done, close) {
  const hint = "0: no limit. Empty: as usual, which the settings say.";
  return form(
    [
      field("Storage in GB", h("input", { name: "gigabytes", type: "number", min: 0, step: "any", value: quota ? quota.bytes / GIGABYTE : "" }), { hint }),
      field("Jobs that run at once", h("input", { name: "running", type: "number", min: 0, step: 1, value: quota?.running_jobs ?? "" }), { hint }),
    ],
    {
      verb: "Grant",
      cancel: () => close(),
      submit: async ({ gigabytes, running }) => {
        const json = { bytes: gigabytes === "" ? null : Math.round(Number(gigabytes) * GIGABYTE), running_jobs: running === "" ? null : Number(running) };
        await call("PUT", path, { json });
        notify(done);
        close(true);
      },
    },
  );
}
