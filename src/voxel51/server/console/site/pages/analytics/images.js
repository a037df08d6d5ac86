/** Container images of the user's own analytic. It is pending until each image that its manifest declares is uploaded. */

import { h } from "../../core/dom.js";
import { upload } from "../../core/api.js";
import { onEnd, signal } from "../../core/reactive.js";
import { dateTime, percent, size } from "../../core/format.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { notify, errorText } from "../../parts/notices.js";
import { progressBar } from "../../parts/elements.js";

/**
 * @param {{value}} record a signal of the analytic's record
 * @param {() => Promise} reload fetches the record again
 */
export function images(record, reload) {
  const { id, supports_cpu: onCpu, supports_gpu: onGpu } = record.peek();
  const kinds = [onCpu && "CPU", onGpu && "GPU"].filter(Boolean);
  return h(
    "section.card.images",
    { "aria-label": "Images" },
    h("h2", {}, "Images"),
    () =>
      record.value.pending
        ? h("p", {}, `The analytic is pending until you upload its ${kinds.join(" and ")} image${kinds.length > 1 ? "s" : ""}: archives in the format of docker save or OCI, optionally compressed with gzip.`)
        : h("p.muted", {}, "All images are uploaded. To change an image, upload a new version of the analytic."),
    kinds.map((kind) => image(id, kind, record, reload)),
  );
}

function image(id, kind, record, reload) {
  const sending = signal(null); // {filename, fraction, cancel} during an upload
  const problem = signal("");
  const isThere = () => record.value.images?.find(({ type }) => type === kind);
  onEnd(() => sending.peek()?.cancel());
  const send = async (file) => {
    problem.value = "";
    const fraction = signal(0);
    const abort = new AbortController();
    sending.value = { filename: file.name, fraction, cancel: () => abort.abort() };
    const form = new FormData();
    form.append("file", file);
    try {
      await upload(`/analytics/${encodeURIComponent(id)}/images`, { query: { type: kind }, form, onProgress: (sent) => (fraction.value = sent), signal: abort.signal });
      await reload();
      notify(record.peek().pending ? `${kind} image uploaded` : `All images of ${record.peek().name} are uploaded`);
    } catch (error) {
      if (error.name !== "AbortError") problem.value = errorText(error);
    } finally {
      sending.value = null;
    }
  };
  return h(
    "div.image",
    { role: "group", "aria-label": `${kind} image` },
    h("strong", {}, kind),
    () => (isThere() ? imageDetails(isThere()) : record.value.pending && !sending.value && h("span.muted", {}, "not uploaded yet")),
    () => sending.value && progress(sending.value),
    () => record.value.pending && !sending.value && picker(kind, send),
    h("p.error", { role: "alert" }, () => problem.value),
  );
}

function imageDetails({ format, size_bytes: bytes, upload_date: date }) {
  return h("span.muted", {}, `${format}, ${size(bytes)}, ${dateTime(date)}`);
}

function progress({ filename, fraction, cancel }) {
  return h(
    "div.going",
    {},
    h("span", {}, filename),
    () => progressBar(fraction.value, `Upload of ${filename}`),
    h("span.muted", {}, () => (fraction.value < 1 ? percent(fraction.value) : "checking…")),
    button("Cancel", cancel, { symbol: "close", kind: "plain" }),
  );
}

function picker(kind, send) {
  return h(
    "label.button.file",
    {},
    icon("upload"),
    `Upload ${kind} image`,
    h("input.visually-hidden", { type: "file", accept: ".tar,.gz,.tgz,application/x-tar,application/gzip", onchange: (event) => event.target.files[0] && send(event.target.files[0]) }),
  );
}
