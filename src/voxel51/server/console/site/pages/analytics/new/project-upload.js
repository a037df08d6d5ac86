/** Upload the source of an analytic: one Python file, an archive, or a project folder, which is packed in the browser. */

import { h } from "../../../core/dom.js";
import { onEnd, signal, untracked } from "../../../core/reactive.js";
import { percent, size } from "../../../core/format.js";
import { icon } from "../../../parts/icons.js";
import { progressBar } from "../../../parts/elements.js";
import { errorText } from "../../../parts/notices.js";
import { buildPanel } from "./build.js";
import { deploy } from "./deploy.js";
import { problemCard } from "./problem.js";
import { isSource, packFolder } from "./project-archive.js";

export function projectUpload() {
  const [problem, deployed, sending, trouble] = [signal(null), signal(null), signal(null), signal("")];
  const abort = new AbortController();
  onEnd(() => abort.abort());
  const send = async (make) => {
    problem.value = deployed.value = null;
    trouble.value = "";
    const fraction = signal(0);
    try {
      const bundle = await make();
      sending.value = { bundle, fraction };
      const outcome = await deploy(bundle, { onProgress: (sent) => (fraction.value = sent), signal: abort.signal });
      if (outcome.problem) problem.value = outcome.problem;
      else deployed.value = outcome.analytic;
    } catch (error) {
      if (error.name !== "AbortError") trouble.value = errorText(error);
    } finally {
      sending.value = null;
    }
  };
  return h(
    "section.project-upload",
    {},
    h("p", {}, "Upload one Python file, an archive (.zip, .tar.gz), or a project folder with pyproject.toml or requirements.txt. Caches, virtual environments and version control are left out."),
    h("div.actions", {}, picker("Choose a file", { accept: ".py,.zip,.gz,.tgz,.tar" }, ([file]) => send(async () => file)), picker("Choose a folder", { webkitdirectory: true }, (files) => send(() => packFolder(files.filter(isSource))))),
    () => sending.value && progress(sending.value),
    () => problem.value && problemCard(problem.value, "The upload cannot be deployed"),
    h("p.error", { role: "alert" }, () => trouble.value),
    () => deployed.value && untracked(() => buildPanel(deployed.peek())),
  );
}

function picker(title, attributes, take) {
  const chosen = (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    if (files.length) take(files);
  };
  return h("label.button.file", {}, icon("upload"), title, h("input.visually-hidden", { type: "file", ...attributes, onchange: chosen }));
}

function progress({ bundle, fraction }) {
  return h("div.going", {}, h("span", {}, `${bundle.name} (${size(bundle.size)})`), () => progressBar(fraction.value, `Upload of ${bundle.name}`), h("span.muted", {}, () => percent(fraction.value)));
}
