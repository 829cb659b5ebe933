// Completion and help at the cursor, for the editor: what complete.ts says, in CodeMirror's words. The schema comes with the first question.

import { pickedCompletion, startCompletion } from "@codemirror/autocomplete";
import type { Completion as Offered, CompletionSource } from "@codemirror/autocomplete";
import type { EditorView, HoverTooltipSource } from "@codemirror/view";
import { aboutKey, completionsAt } from "./complete.ts";
import type { Completion } from "./complete.ts";
import type { Schema } from "./schema-walk.ts";

const load = async (): Promise<Schema> => (await import("virtual:scenario-schema")).default;

const words = { key: "property", value: "enum", name: "variable" } as const;

function apply(option: Completion) {
  return (view: EditorView, completion: Offered, from: number, to: number): void => {
    const insert = view.state.toText(option.apply.replaceAll("\n", view.state.lineBreak));
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + option.caret }, annotations: pickedCompletion.of(completion), userEvent: "input.complete" });
    // What was chosen from closes first.
    if (option.goesOn) setTimeout(() => startCompletion(view));
  };
}

/** As text alone, whatever the schema says. */
function about(key: string, detail: string, info: string): HTMLElement {
  const place = document.createElement("div");
  place.className = "cm-about";
  const name = document.createElement("b");
  name.textContent = key;
  place.append(name, ` ${detail}\n${info}`);
  return place;
}

/** @param loading gives the schema; where it fails it is asked again at the next question */
export function createHints(loading: () => Promise<Schema> = load): { readonly complete: CompletionSource; readonly about: HoverTooltipSource } {
  let schema: Promise<Schema> | null = null;
  const wanted = (): Promise<Schema> => (schema ??= loading().catch((error: unknown) => {
    schema = null;
    throw error;
  }));
  return {
    complete: async ({ state, pos, explicit }) => {
      const found = completionsAt(await wanted(), state.doc.toString(), pos);
      if (found === null || found.options.length === 0 || (!explicit && found.from === pos && !/[\s{[,]/.test(state.sliceDoc(pos - 1, pos)))) return null;
      const most = found.options.length;
      return {
        from: found.from,
        options: found.options.map((option, index) => ({ label: option.label, type: words[option.kind], detail: option.detail, boost: Math.round(50 - (90 * index) / most), apply: apply(option), ...(option.info === "" ? {} : { info: option.info }) })),
        validFor: /^[\w${}:.[\]-]*$/,
      };
    },
    about: async ({ state }, pos) => {
      const found = aboutKey(await wanted(), state.doc.toString(), pos);
      return found === null ? null : { pos: found.from, end: found.to, above: true, create: () => ({ dom: about(found.key, found.detail, found.info) }) };
    },
  };
}
