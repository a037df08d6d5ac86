/** Dialogs that set the quota of a user, or of each user of an application. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { size } from "../../core/format.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { notify } from "../../parts/notices.js";

const GIGABYTE = 1e9;

/** Show the usage and the quota of a user, and change the quota. */
export function setUserQuota(username) {
  const path = `/admin/users/${encodeURIComponent(username)}/quota`;
  return dialog(`Quota of "${username}"`, (close) =>
    h(
      "div",
      {},
      loaded(
        () => get(path),
        ({ bytes, quota }) => [h("p", {}, usageText(bytes, quota.bytes)), quotaForm(path, quota, `Quota of "${username}" saved`, close)],
      ),
    ),
  );
}

/** Change the quota of each user of an application. */
export function setApplicationQuota(name) {
  const path = `/admin/applications/${encodeURIComponent(name)}/quota`;
  return dialog(`Quota of the users of "${name}"`, (close) =>
    h(
      "div",
      {},
      h("p", {}, `The quota applies to each user of "${name}" separately. It replaces the current one, which is not shown here.`),
      quotaForm(path, null, `Quota of the users of "${name}" saved`, close),
    ),
  );
}

const usageText = (bytes, limit) => (limit ? `${size(bytes)} of ${size(limit)} used` : `${size(bytes)} used (no quota)`);

function quotaForm(path, quota, done, close) {
  const hint = "0: no limit. Empty: the default of the platform's settings.";
  return form(
    [
      field("Storage (GB)", h("input", { name: "gigabytes", type: "number", min: 0, step: "any", value: quota ? quota.bytes / GIGABYTE : "" }), { hint }),
      field("Running jobs", h("input", { name: "running", type: "number", min: 0, step: 1, value: quota?.running_jobs ?? "" }), { hint }),
    ],
    {
      verb: "Save quota",
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
