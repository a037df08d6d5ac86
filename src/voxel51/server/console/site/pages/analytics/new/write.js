/** Write an analytic in the browser: a template, the editor, and below it the build of what was deployed. */

import { h } from "../../../core/dom.js";
import { effect, signal, untracked } from "../../../core/reactive.js";
import { session } from "../../../core/session.js";
import { BASE } from "../../../site.js";
import { codeEditor } from "../../../editor/code-editor.js";
import { confirmAction } from "../../../parts/dialog.js";
import { button, field, select } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { buildPanel } from "./build.js";
import { deploy } from "./deploy.js";
import { problemCard } from "./problem.js";

const FILENAME = "analytic.py";

/** Templates, which are files in `templates/`. */
const TEMPLATES = [
  ["red_regions", "Boxes in each frame"],
  ["dark_scenes", "Events: parts of the video"],
  ["frame_brightness", "A measure of each frame"],
];

/** Key of the draft in this browser, which several users may share. */
const draft = () => `voxel51.analytic-draft.${session.peek().account.username}`;

export function writeAnalytic() {
  const edits = signal(0);
  const onChange = () => edits.update((number) => number + 1);
  return loaded(
    async () => localStorage.getItem(draft()) ?? (await template(TEMPLATES[0][0])),
    (text) => loaded(() => codeEditor({ text, label: "Python code of the analytic", onChange }), (editor) => untracked(() => workbench(editor, edits))),
  );
}

/** @param {{value: number}} edits a signal that changes with the code */
function workbench(editor, edits) {
  const [problem, deployed] = [signal(null), signal(null)];
  effect(() => {
    if (edits.value === 0) return;
    localStorage.setItem(draft(), editor.text());
    problem.value = null;
  });
  const fail = (found) => {
    problem.value = found;
    editor.mark(found.line ?? null, found.message);
  };
  const send = async () => {
    problem.value = null;
    editor.mark(null);
    const { analytic, problem: found } = await deploy(new File([editor.text()], FILENAME, { type: "text/x-python" }));
    if (found) fail(found);
    else deployed.value = analytic;
  };
  return [
    h("div.write-tools", {}, templateChoice(editor), button("Deploy", send, { symbol: "upload", kind: "primary" })),
    editor.node,
    h("p.hint", {}, "Press Escape, then Tab, to leave the editor by keyboard. Packages that the code needs besides numpy, OpenCV and PyAV are listed at the top. Your draft is kept in this browser."),
    () => problem.value && problemCard(problem.value, "The code cannot be deployed"),
    () => deployed.value && untracked(() => buildPanel(deployed.peek(), (build) => build.error && editor.mark(build.error.line ?? null, build.error.message))),
  ];
}

function templateChoice(editor) {
  const choice = select([["", "Choose a template…"], ...TEMPLATES], {
    onchange: async () => {
      const [name, title] = TEMPLATES.find(([each]) => each === choice.value);
      choice.value = "";
      if (await confirmAction("Replace the code?", `The code in the editor is replaced by the template “${title}”.`, "Replace")) editor.replace(await template(name));
    },
  });
  return field("Template", choice);
}

const template = async (name) => (await fetch(`${BASE}/templates/${name}.py`)).text();
