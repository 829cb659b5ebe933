// The text editor itself: CodeMirror in a shadow root, where its styles are constructed sheets and the page's policy can forbid inline ones. Loaded on demand.

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import type { CompletionSource } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { EditorView, drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import type { HoverTooltipSource } from "@codemirror/view";
import type { Finding } from "../../../scenario/lint.ts";
import { changeBetween, lineBreakOf, lineStartsOf, marksOf, offsetAt, withPlainBreaks } from "./marks.ts";
import { theme } from "./theme.ts";
import { typedOver } from "./typed-over.ts";

/** Time to press Tab after Escape, in ms; any other key ends it. */
const leaveTime = 600_000;
/** Letters that turn the direction of what follows, beside those that are shown by themselves. */
const turning = /[\u202a-\u202c\u2068]/g;

export interface EditorInput {
  /** Accessible name. */
  readonly label: string;
  readonly text: string;
  /** Hears each change that is made here, not those of `show`. */
  readonly onText: (text: string) => void;
  readonly complete: CompletionSource;
  readonly about: HoverTooltipSource;
}

/** An editor that stands in the page. */
export interface Editor {
  readonly text: string;
  /** Takes over a text that changed elsewhere; it can be undone, and cursor and marks stay where they are. */
  show(text: string): void;
  /** Another file, with what can be undone of it: `kept` of an earlier `replace`, where its text is the same. Gives what is kept of the one before. */
  replace(text: string, kept?: EditorState): EditorState;
  mark(file: string, findings: readonly Finding[]): void;
  /** Sets the cursor, shows it and takes the focus. Line and column from 1. */
  go(place: { readonly line: number; readonly column: number }): void;
  focus(): void;
  /** Takes it out of the page. What it gives makes an editor with the same text, cursor and history. */
  close(): EditorState;
}

/** A change that was not made by hand. */
const fromOutside = Annotation.define<boolean>();

const leave = Prec.lowest(keymap.of([{ key: "Escape", run: (view) => (view.setTabFocusMode(leaveTime), true) }]));

function extensionsOf({ label, onText, complete, about }: EditorInput, breaks: Compartment, text: string): Extension {
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars({ addSpecialChars: turning }),
    history(),
    foldGutter(),
    lintGutter(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    indentUnit.of("  "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    typedOver,
    autocompletion({ override: [complete], icons: false }),
    hoverTooltip(about),
    highlightActiveLine(),
    highlightSelectionMatches(),
    Prec.high(keymap.of([{ key: "Tab", run: acceptCompletion }])),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
    leave,
    yaml(),
    theme,
    breaks.of(EditorState.lineSeparator.of(lineBreakOf(text))),
    EditorView.contentAttributes.of({ "aria-label": label, "aria-description": "Escape, then Tab leaves the editor. F8 goes to the next problem." }),
    EditorView.updateListener.of(({ docChanged, transactions, state }) => {
      if (docChanged && transactions.some((transaction) => transaction.docChanged && transaction.annotation(fromOutside) !== true)) onText(state.sliceDoc());
    }),
  ];
}

/** Puts an editor into a shadow root. `kept`: what an editor of the same text left when it was closed. */
export function createEditor(root: ShadowRoot, input: EditorInput, kept?: EditorState): Editor {
  const breaks = new Compartment();
  const fresh = (text: string): EditorState => EditorState.create({ doc: text, extensions: extensionsOf(input, breaks, text) });
  const view = new EditorView({ state: kept ?? fresh(input.text), root, parent: root });
  const plain = (): string => view.state.doc.toString();
  const editor: Editor = {
    get text() {
      return view.state.sliceDoc();
    },
    show(text) {
      const change = changeBetween(plain(), withPlainBreaks(text));
      if (change !== undefined) view.dispatch({ changes: { ...change, insert: view.state.toText(change.insert.replaceAll("\n", view.state.lineBreak)) }, annotations: fromOutside.of(true) });
    },
    replace(text, before) {
      const { state } = view;
      view.setState(before !== undefined && before.sliceDoc() === text ? before : fresh(text));
      // Where the one before was scrolled to says nothing of this one.
      view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head, { y: "center" }) });
      return state;
    },
    mark(file, findings) {
      const marks = marksOf(plain(), file, findings);
      view.dispatch(setDiagnostics(view.state, marks.map(({ from, to, severity, message, rule }) => ({ from, to, severity, message, ...(rule === "scenario" ? {} : { source: rule }) }))));
    },
    go(place) {
      const text = plain();
      const at = offsetAt(lineStartsOf(text), text.length, place);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    close() {
      const { state } = view;
      view.destroy();
      return state;
    },
  };
  return editor;
}
