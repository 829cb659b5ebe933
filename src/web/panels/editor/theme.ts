// How the editor looks: the page's own colours, so that light and dark follow it. Lives in the shadow root as constructed style sheets.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--ground)", fontSize: "var(--small)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--raised) 60%, transparent)" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--quiet)", borderRight: "1px solid var(--line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--sunken)", color: "var(--text)" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button": { font: "inherit", margin: "2px 4px 2px 0" },
  ".cm-textfield": { backgroundColor: "var(--ground)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "var(--radius)", padding: "2px 4px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--ground)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "var(--radius)" },
  ".cm-textfield:focus-visible, .cm-button:focus-visible, .cm-panel input:focus-visible, .cm-panel button:focus-visible": { outline: "2px solid var(--focus)" },
  ".cm-panel.cm-search [name=close], .cm-panel.cm-panel-lint button[name=close]": { color: "var(--text)" },
  ".cm-searchMatch": { backgroundColor: "var(--changed)", outline: "1px solid var(--impaired)" },
  ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--accent) 35%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "var(--changed)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--changed)", outline: "1px solid var(--line)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "var(--radius)", fontFamily: "var(--sans)", fontSize: "var(--small)", maxWidth: "32rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 6px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "inherit", opacity: "0.85", fontStyle: "normal" },
  ".cm-tooltip.cm-completionInfo": { padding: "4px 8px", whiteSpace: "pre-wrap" },
  ".cm-about": { padding: "4px 8px", whiteSpace: "pre-wrap" },
  ".cm-about b": { fontFamily: "var(--mono)" },
  ".cm-diagnostic": { padding: "4px 8px", borderLeftWidth: "4px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--dead)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--impaired)" },
  ".cm-diagnosticSource": { color: "var(--quiet)", opacity: "1" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--dead)", textDecorationSkipInk: "none", paddingBottom: "0" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline dotted 2px var(--impaired)", textDecorationSkipInk: "none", paddingBottom: "0" },
  ".cm-lintRange-active": { backgroundColor: "var(--changed)" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--changed)", color: "var(--text)" },
  ".cm-panel.cm-panel-lint ul:focus [aria-selected]": { backgroundColor: "var(--changed)", color: "var(--text)" },
  ".cm-specialChar": { color: "var(--dead)", border: "1px solid currentColor", borderRadius: "2px" },
});

const words = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: "var(--works)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--poison)" },
  { tag: [tags.comment, tags.lineComment, tags.meta], color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--quiet)" },
  { tag: [tags.typeName, tags.labelName], color: "var(--impaired)" },
  { tag: tags.invalid, color: "var(--dead)" },
]);

export const theme: Extension = [look, syntaxHighlighting(words)];
