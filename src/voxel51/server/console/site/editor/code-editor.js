/**
 * The code editor: CodeMirror where the console is bundled, else a plain text area with line numbers.
 *
 * The plain modules of a clone run in browsers as they are, and cannot import the packages that CodeMirror consists of.
 */

import { BASE, IS_BUNDLED } from "../site.js";
import { plainEditor } from "./plain-editor.js";

/**
 * @typedef {object} CodeEditor
 * @property {Node} node
 * @property {() => string} text
 * @property {(text: string) => void} replace set the text
 * @property {(line: number|null, message?: string) => void} mark mark one line as wrong and show it; null removes the mark
 */

/**
 * @param {object} options `text`, `label` (its accessible name) and `onChange`, called after each change of the text
 * @returns {Promise<CodeEditor>}
 */
export async function codeEditor(options) {
  if (!IS_BUNDLED) return plainEditor(options);
  const { mirrorEditor } = await import(`${BASE}/editor/code-mirror.js`);
  return mirrorEditor(options);
}
