/** Add a file by URL: it stays on its host, and the platform reads it from there. */

import { h } from "../core/dom.js";
import { call } from "../core/api.js";
import { dialog } from "../parts/dialog.js";
import { field, form, select } from "../parts/form.js";
import { notify } from "../parts/notices.js";
import { navigate } from "../core/router.js";
import { PERIODS, expiryDate } from "./retention.js";
import { notifyAdded } from "./queue.js";

/** Ask for the URL, and register the file with the platform. */
export async function addFromUrl() {
  const data = await dialog("Add from URL", (close) => {
    const name = h("input", { name: "filename", required: true, maxlength: 255, autocomplete: "off" });
    const url = h("input", {
      name: "signed_url",
      type: "url",
      required: true,
      autofocus: true,
      autocomplete: "off",
      placeholder: "https://",
      oninput: () => {
        if (!name.dataset.isOwn) name.value = nameIn(url.value);
      },
    });
    name.addEventListener("input", () => (name.dataset.isOwn = "yes"));
    return form(
      [
        h("p", {}, "The file stays on its host. The platform reads it from there when it is needed, so the URL must remain valid."),
        field("URL", url, { hint: "A direct link to the file, for example a signed URL of an object store." }),
        field("Name", name),
        field("Keep for", select(PERIODS, { name: "days", value: "" }), { hint: "Choose a period in which the URL is valid. It cannot be changed later." }),
      ],
      {
        verb: "Add",
        cancel: () => close(),
        submit: async ({ signed_url, filename, days }) => {
          const json = { signed_url, filename, data_ttl: expiryDate(days) };
          close((await call("POST", "/data/url", { json })).data);
        },
      },
    );
  });
  if (!data) return;
  notifyAdded(data);
  notify(`${data.name} added`, { title: "Open", run: () => navigate(`/data/${encodeURIComponent(data.id)}`) });
}

/** Return the last part of the URL's path as the name of the file. */
function nameIn(text) {
  try {
    const last = new URL(text).pathname.split("/").at(-1);
    return decodeURIComponent(last);
  } catch {
    return "";
  }
}
