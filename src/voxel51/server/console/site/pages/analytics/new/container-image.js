/** Upload the manifest of an analytic in a container; its images are uploaded on the page of the analytic. */

import { fill, h } from "../../../core/dom.js";
import { ApiError, call } from "../../../core/api.js";
import { signal } from "../../../core/reactive.js";
import { navigate } from "../../../core/router.js";
import { form, field, select } from "../../../parts/form.js";
import { icon } from "../../../parts/icons.js";
import { notify } from "../../../parts/notices.js";
import { pathOf } from "../naming.js";
import { TEMPLATES } from "./manifest-templates.js";

const KINDS = [
  ["PLATFORM", "Processes whole videos (PLATFORM)"],
  ["IMAGE_TO_VIDEO", "Processes single images; the platform passes it each frame (IMAGE_TO_VIDEO)"],
];
const PATH = /^([^\s:;]+|the document): /;
const INVALID = /^The manifest is invalid: /;

export function containerImage() {
  const problems = signal([]);
  const text = h("textarea.manifest", { name: "manifest", required: true, spellcheck: "false", autocapitalize: "none", placeholder: "{ \"info\": { … } }" });
  const kind = select(KINDS, { name: "kind" });
  return [
    h("p", {}, "An analytic in a container consists of a manifest, which describes its inputs, parameters and outputs, and an image. Upload the manifest first. Its format is described in the ", h("a", { href: "/docs", target: "_blank", rel: "noopener" }, "documentation"), "."),
    form(
      [
        field("Type", kind),
        h("div.actions.manifest-tools", {}, fileButton(text, problems), h("button", { type: "button", onclick: () => insertExample(text, kind.value) }, icon("docs"), "Insert example")),
        field("Manifest (JSON)", text),
        h("div", { role: "alert" }, () => problems.value.length > 0 && list(problems.value)),
      ],
      { verb: "Upload manifest", submit: (values) => submit(values, problems) },
    ),
  ];
}

function fileButton(text, problems) {
  const read = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    text.value = await file.text();
    problems.value = [];
  };
  return h("label.button.file", {}, icon("upload"), "Open file", h("input.visually-hidden", { type: "file", accept: ".json,application/json", onchange: read }));
}

function insertExample(text, kind) {
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
    notify(`${analytic.name} ${analytic.version} uploaded. Upload its images next.`);
    navigate(pathOf(analytic));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 400) throw error;
    problems.value = problemsIn(error.message);
  }
}

/** Split the platform's message into problems with their paths. Each begins with its path, but may itself contain "; ". */
function problemsIn(message) {
  const list = message.replace(INVALID, "");
  const found = [];
  for (const piece of list.split("; ")) {
    if (found.length === 0 || PATH.test(piece) || /^and \d+ more$/.test(piece)) found.push(piece);
    else found[found.length - 1] += `; ${piece}`;
  }
  return found.map((piece) => {
    const path = list === message ? null : PATH.exec(piece);
    return path ? { path: path[1], text: piece.slice(path[0].length) } : { path: "", text: piece };
  });
}

function list(problems) {
  const rows = h("ul.problems");
  fill(
    rows,
    problems.map(({ path, text }) => h("li", {}, path && h("code", {}, path), path && " ", text)),
  );
  return h("div.card.failure", {}, h("h2", {}, problems.length === 1 ? "The manifest is invalid" : `The manifest is invalid: ${problems.length} problems`), rows);
}
