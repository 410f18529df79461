// The editor of a cell: CodeMirror, from the site itself.

import {
  EditorState, EditorView, bracketMatching, classHighlighter, closeBrackets, closeBracketsKeymap,
  defaultKeymap, drawSelection, history, historyKeymap, indentOnInput, indentUnit, indentWithTab,
  keymap, python, syntaxHighlighting,
} from "../../codemirror/codemirror.mjs";

export function openEditor({ text, label, onChange, onRun }) {
  const runs = () => (onRun(), true);
  return new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([{ key: "Shift-Enter", run: runs }, { key: "Mod-Enter", run: runs }]),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of("    "),
        bracketMatching(),
        closeBrackets(),
        python(),
        syntaxHighlighting(classHighlighter),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.updateListener.of((update) => update.docChanged && onChange()),
      ],
    }),
  });
}
