/** Uploading an analytic: its manifest first; its images follow on its own page. */

import { fill, h } from "../../core/dom.js";
import { Refused, call } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { go } from "../../core/router.js";
import { form, field, select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { notify } from "../../parts/notices.js";
import { heading } from "../../parts/show.js";
import { pathOf } from "./naming.js";
import { TEMPLATES } from "./templates.js";

const KINDS = [
  ["PLATFORM", "It reads a whole video (PLATFORM)"],
  ["IMAGE_TO_VIDEO", "It looks at single images; the platform feeds it each frame (IMAGE_TO_VIDEO)"],
];
const PATH = /^([^\s:;]+|the document): /;

export function page() {
  const problems = signal([]);
  const text = h("textarea.manifest", { name: "manifest", required: true, spellcheck: "false", autocapitalize: "none", placeholder: "{ \"info\": { … } }" });
  const kind = select(KINDS, { name: "kind" });
  return [
    heading("Upload an analytic"),
    h("p", {}, "An analytic is a manifest, which says what it takes and gives, and a container image. Begin with the manifest; what a manifest is stands in the ", h("a", { href: "/docs", target: "_blank", rel: "noopener" }, "docs"), "."),
    form(
      [
        field("How it works", kind),
        h("div.actions.manifest-tools", {}, fromFile(text, problems), h("button", { type: "button", onclick: () => begin(text, kind.value) }, icon("docs"), "Begin with an example")),
        field("Manifest (JSON)", text),
        h("div", { role: "alert" }, () => problems.value.length > 0 && list(problems.value)),
      ],
      { verb: "Upload the manifest", submit: (values) => submit(values, problems) },
    ),
  ];
}

function fromFile(text, problems) {
  const read = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    text.value = await file.text();
    problems.value = [];
  };
  return h("label.button.file", {}, icon("upload"), "Take a file", h("input.unseen", { type: "file", accept: ".json,application/json", onchange: read }));
}

function begin(text, kind) {
  text.value = JSON.stringify(TEMPLATES[kind], null, 2);
  text.focus();
}

async function submit({ manifest, kind }, problems) {
  problems.value = [];
  const body = new FormData();
  body.append("analytic_type", kind);
  body.append("file", new Blob([manifest], { type: "application/json" }), "manifest.json");
  try {
    const { analytic } = await call("POST", "/analytics", { form: body });
    notify(`${analytic.name} ${analytic.version} is there. Now its images.`);
    go(pathOf(analytic));
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 400) throw error;
    problems.value = problemsIn(error.message);
  }
}

/** The platform tells all problems in one text, each beginning with the path where it is. */
export function problemsIn(message) {
  const told = message.replace(/^The manifest is invalid: /, "");
  const found = [];
  for (const piece of told.split("; ")) {
    if (found.length === 0 || PATH.test(piece) || /^and \d+ more$/.test(piece)) found.push(piece);
    else found[found.length - 1] += `; ${piece}`;
  }
  return found.map((piece) => {
    const path = told === message ? null : PATH.exec(piece);
    return path ? { path: path[1], text: piece.slice(path[0].length) } : { path: "", text: piece };
  });
}

function list(problems) {
  const rows = h("ul.problems");
  fill(
    rows,
    problems.map(({ path, text }) => h("li", {}, path && h("code", {}, path), path && " ", text)),
  );
  return h("div.card.failure", {}, h("h2", {}, problems.length === 1 ? "The manifest will not do" : `The manifest will not do, for ${problems.length} reasons`), rows);
}
