/** The container images of an analytic of one's own: until each that its manifest declares is there, it is pending. */

import { h } from "../../core/dom.js";
import { upload } from "../../core/api.js";
import { onEnd, signal } from "../../core/reactive.js";
import { dateTime, percent, size } from "../../core/format.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { notify, textOf } from "../../parts/notices.js";
import { progressBar } from "../../parts/show.js";

/**
 * @param {{value}} record a signal of the analytic's record
 * @param {() => Promise} reload brings it up to date
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
        ? h("p", {}, `It is pending until its ${kinds.join(" and ")} image${kinds.length > 1 ? "s are" : " is"} there: archives as docker save or an OCI tool leaves them, packed by gzip or not.`)
        : h("p.soft", {}, "All images are there. They do not change any more; upload a new version to change them."),
    kinds.map((kind) => image(id, kind, record, reload)),
  );
}

function image(id, kind, record, reload) {
  const sending = signal(null); // {filename, fraction, stop} while it goes up
  const problem = signal("");
  const isThere = () => record.value.images?.find(({ type }) => type === kind);
  onEnd(() => sending.peek()?.stop());
  const send = async (file) => {
    problem.value = "";
    const going = signal(0);
    const abort = new AbortController();
    sending.value = { filename: file.name, going, stop: () => abort.abort() };
    const form = new FormData();
    form.append("file", file);
    try {
      await upload(`/analytics/${encodeURIComponent(id)}/images`, { query: { type: kind }, form, onProgress: (fraction) => (going.value = fraction), signal: abort.signal });
      await reload();
      notify(record.peek().pending ? `The ${kind} image is there` : `${record.peek().name} is available`);
    } catch (error) {
      if (error.name !== "AbortError") problem.value = textOf(error);
    } finally {
      sending.value = null;
    }
  };
  return h(
    "div.image",
    { role: "group", "aria-label": `${kind} image` },
    h("strong", {}, kind),
    () => (isThere() ? there(isThere()) : record.value.pending && !sending.value && h("span.soft", {}, "not there yet")),
    () => sending.value && progress(sending.value),
    () => record.value.pending && !sending.value && picker(kind, send),
    h("p.error", { role: "alert" }, () => problem.value),
  );
}

function there({ format, size_bytes: bytes, upload_date: date }) {
  return h("span.soft", {}, `${format}, ${size(bytes)}, ${dateTime(date)}`);
}

function progress({ filename, going, stop }) {
  return h(
    "div.going",
    {},
    h("span", {}, filename),
    () => progressBar(going.value, `Upload of ${filename}`),
    h("span.soft", {}, () => (going.value < 1 ? percent(going.value) : "being looked at…")),
    button("Stop", stop, { symbol: "close", kind: "plain" }),
  );
}

function picker(kind, send) {
  return h(
    "label.button.file",
    {},
    icon("upload"),
    `Choose the ${kind} image`,
    h("input.unseen", { type: "file", accept: ".tar,.gz,.tgz,application/x-tar,application/gzip", onchange: (event) => event.target.files[0] && send(event.target.files[0]) }),
  );
}
