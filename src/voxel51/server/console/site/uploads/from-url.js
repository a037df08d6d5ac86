/** A file on another host, which the platform reads from there whenever it is needed. */

import { h } from "../core/dom.js";
import { call } from "../core/api.js";
import { dialog } from "../parts/dialog.js";
import { field, form, select } from "../parts/form.js";
import { notify } from "../parts/notices.js";
import { go } from "../core/router.js";
import { PERIODS, expiry } from "./keeping.js";
import { tellAdded } from "./queue.js";

/** Ask for the URL, and name the file to the platform. */
export async function addFromUrl() {
  const data = await dialog("From a URL", (close) => {
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
        h("p", {}, "The file stays on its host. The platform reads it from there whenever it is needed, so the link must go on working."),
        field("URL", url, { hint: "A link to the file itself, such as a signed link of a storage." }),
        field("Name", name),
        field("Kept for", select(PERIODS, { name: "days", value: "" }), { hint: "As long as the link works. It cannot be changed later." }),
      ],
      {
        verb: "Add",
        cancel: () => close(),
        submit: async ({ signed_url, filename, days }) => {
          const json = { signed_url, filename, data_ttl: expiry(days) };
          close((await call("POST", "/data/url", { json })).data);
        },
      },
    );
  });
  if (!data) return;
  tellAdded(data);
  notify(`${data.name} is added`, { title: "Look at it", run: () => go(`/data/${encodeURIComponent(data.id)}`) });
}

/** The last part of the URL's path, as people call the file. */
function nameIn(text) {
  try {
    const last = new URL(text).pathname.split("/").at(-1);
    return decodeURIComponent(last);
  } catch {
    return "";
  }
}
