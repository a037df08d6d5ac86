/**
 * CodeMirror with Python, in a shadow tree. See `code-editor.js` for the interface.
 *
 * In the document itself CodeMirror would add `style` elements, which the content security policy forbids; in a shadow tree
 * it uses constructed style sheets. Custom properties are inherited, so it has the colours of the page.
 */

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null, tags.operatorKeyword], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.meta], color: "var(--busy)" },
  { tag: tags.comment, color: "var(--text-soft)", fontStyle: "italic" },
  { tag: [tags.definition(tags.variableName), tags.definition(tags.function(tags.variableName)), tags.className], fontWeight: "640" },
]);

const THEME = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "0.92rem", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--text-soft)", border: "0" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line)" },
});

/** Replace a selection by typed text. A browser that does it sets inline styles, which the content security policy forbids. */
const REPLACE_SELECTION = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== "insertText" || event.data === null || view.state.selection.main.empty) return false;
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    event.preventDefault();
    return true;
  },
});

export function mirrorEditor({ text, label, onChange }) {
  const node = document.createElement("div");
  node.className = "code-editor";
  const root = node.attachShadow({ mode: "open" });
  const changed = EditorView.updateListener.of(({ docChanged }) => docChanged && onChange());
  const named = EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" });
  const indentation = [indentUnit.of("    "), indentOnInput(), keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab])];
  const look = [THEME, syntaxHighlighting(COLOURS), lineNumbers(), lintGutter(), highlightActiveLine(), highlightActiveLineGutter(), drawSelection(), bracketMatching()];
  const state = EditorState.create({ doc: text, extensions: [history(), python(), REPLACE_SELECTION, indentation, look, named, changed] });
  const view = new EditorView({ state, root, parent: root });
  view.scrollDOM.tabIndex = 0; // scrolled by keyboard, too
  const mark = (line, message = "") => view.dispatch(setDiagnostics(view.state, line === null ? [] : [problemAt(view.state.doc, line, message)]), line === null ? {} : shown(view.state.doc, line));
  const replace = (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
  return { node, text: () => view.state.doc.toString(), replace, mark };
}

/** A problem of a line, from its first letter on. Lines beyond the end count as the last one. */
function problemAt(text, number, message) {
  const { from, to, text: content } = lineAt(text, number);
  return { from: Math.min(to, from + content.search(/\S|$/)), to, severity: "error", message };
}

function shown(text, number) {
  const { from } = lineAt(text, number);
  return { selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) };
}

const lineAt = (text, number) => text.line(Math.min(Math.max(1, number), text.lines));
