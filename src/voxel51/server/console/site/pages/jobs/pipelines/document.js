/** The dialog in which the document of a pipeline is written, pasted or read from a file, and saved. */

import { h } from "../../../core/dom.js";
import { call } from "../../../core/api.js";
import { signal } from "../../../core/reactive.js";
import { dialog } from "../../../parts/dialog.js";
import { field, form } from "../../../parts/form.js";

const TEMPLATE = {
  schema_version: 1,
  name: "Sharpest frames",
  inputs: [{ name: "video", type: "Video" }],
  parameters: [{ name: "threshold", type: "Number", default: 27 }],
  steps: [
    { name: "shots", analytic: "voxel51/shot-detection", inputs: { video: { input: "video" } }, parameters: { threshold: { parameter: "threshold" } } },
    { name: "keyframes", analytic: "voxel51/best-frames", inputs: { video: { input: "video" }, shots: { step: "shots" } } },
  ],
};

/** The text of a document. */
export const textOf = (document) => JSON.stringify(document, null, 2);

/** Ask for a document and save it; resolves to the pipeline, undefined if the dialog was dismissed. */
export function editDocument(title, document = TEMPLATE) {
  return dialog(
    title,
    (close) => {
      const text = signal(textOf(document));
      const read = async ({ target }) => {
        const [file] = target.files;
        if (file) text.value = await file.text();
      };
      const submit = async () => {
        let given;
        try {
          given = JSON.parse(text.peek());
        } catch (error) {
          throw new Error(`The document is not JSON: ${error.message}`);
        }
        close((await call("POST", "/pipelines", { json: { document: given } })).pipeline);
      };
      return form(
        [
          field("Read a file", h("input", { type: "file", accept: ".json,application/json", onchange: read })),
          field("Document", h("textarea.small", { rows: 22, spellcheck: "false", required: true, value: () => text.value, oninput: ({ target }) => (text.value = target.value) }), {
            hint: "A document with the name of one of your pipelines is a new version of it.",
          }),
        ],
        { verb: "Save pipeline", cancel: () => close(), submit },
      );
    },
    { isWide: true },
  );
}
