// The scenario's text: an editor with marks, completion and help; below it what is wrong, and files that are included.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Finding } from "../../../scenario/lint.ts";
import { OpenButton } from "../../opening/opening-layer.tsx";
import { ShareMenu } from "../../opening/share-menu.tsx";
import type { PageStore, TextPlace } from "../../store/contract.ts";
import { shownText } from "../../shown-text.ts";
import { afterFirstRun } from "./first-run.ts";
import "./editor.css";

/** Loads what the editor is made of; a piece of its own, so that the page is there before it. */
async function load(store: PageStore, root: ShadowRoot): Promise<() => void> {
  const [{ createEditor }, { joinEditor }, { createHints }] = await Promise.all([import("./view.ts"), import("./join.ts"), import("./hints.ts")]);
  return joinEditor(store, root, createEditor, createHints());
}

export function EditorPanel({ store }: { readonly store: PageStore }) {
  const place = useRef<HTMLDivElement>(null);
  const state = useSignal<"loading" | "there" | "failed">("loading");
  /** Fetches the editor without waiting any longer. */
  const wanted = useRef<() => void>(() => undefined);
  useEffect(() => {
    const host = place.current;
    if (host === null) return undefined;
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    let end = (): void => void (isOver = true);
    let isOver = false;
    const fetchIt = (): void => {
      if (isOver) return;
      load(store, root).then(
        (close) => {
          if (isOver) return close();
          end = close;
          // Who reads on by keyboard goes on in the editor.
          const hasFocus = host.parentElement?.querySelector(".editor-waiting") === document.activeElement;
          state.value = "there";
          if (hasFocus) requestAnimationFrame(() => root.querySelector<HTMLElement>(".cm-content")?.focus());
          return undefined;
        },
        () => (state.value = "failed"),
      );
    };
    wanted.current = afterFirstRun(store, fetchIt);
    return () => end();
  }, [store, state]);
  const { file, text, includes } = store.document.value;
  return (
    <section class="editor" aria-label="Scenario">
      <header class="editor-head">
        <h2 class="editor-file" title={shownText(file)}>{shownText(file)}</h2>
        <OpenButton store={store} />
        <details class="editor-share">
          <summary>Share</summary>
          <ShareMenu store={store} />
        </details>
      </header>
      {state.value === "loading" && <TextToRead text={text} want={() => wanted.current()} />}
      {state.value === "failed" && <PlainText store={store} />}
      <div class="editor-text" ref={place} hidden={state.value !== "there"} />
      <Problems file={file} findings={store.findings.value} go={(at) => (store.place.value = at)} />
      <Included file={file} includes={includes} findings={store.findings.value} />
    </section>
  );
}

/** What is there before the editor; whoever turns to it has the editor at once. */
function TextToRead({ text, want }: { readonly text: string; readonly want: () => void }) {
  return <pre class="editor-waiting" role="textbox" aria-multiline aria-readonly aria-label="Scenario" aria-busy="true" tabIndex={0} onFocus={want} onPointerEnter={want}>{text === "" ? "The editor is being loaded." : shownText(text)}</pre>;
}

/** What is there when the editor cannot be had. */
function PlainText({ store }: { readonly store: PageStore }) {
  return (
    <>
      <p role="alert">The editor could not be loaded; the text can be changed here without its help. Load the page again to try anew.</p>
      <textarea class="editor-plain" aria-label="Scenario" spellcheck={false} value={store.document.value.text} onInput={(event) => (store.document.value = { ...store.document.peek(), text: event.currentTarget.value })} />
    </>
  );
}

const counted = (count: number, word: string): string[] => (count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`]);

/** "2 problems, 1 warning" of a list; "" of none. */
export function problemCount(findings: readonly Finding[]): string {
  const problems = findings.filter(({ severity }) => severity === "error").length;
  return [...counted(problems, "problem"), ...counted(findings.length - problems, "warning")].join(", ");
}

const mostShown = 50;

/** Findings of the edited file, as a list that leads to their places. */
export function Problems({ file, findings, go }: { readonly file: string; readonly findings: readonly Finding[]; readonly go: (place: TextPlace) => void }) {
  const own = findings.filter((finding) => finding.file === file);
  if (own.length === 0) return <p class="editor-count" role="status">No problems.</p>;
  return (
    <details class="editor-problems" open>
      <summary><span role="status">{problemCount(own)}</span></summary>
      <ul>
        {own.slice(0, mostShown).map((finding) => (
          <li key={`${finding.line}:${finding.column} ${finding.message}`} class={finding.severity}>
            <button type="button" onClick={() => go(finding)}>
              <span class="editor-where">{finding.line}:{finding.column}</span> <b>{finding.severity === "error" ? "Problem" : "Warning"}</b> {shownText(finding.message)}
            </button>
          </li>
        ))}
      </ul>
      {own.length > mostShown && <p>and {own.length - mostShown} more</p>}
    </details>
  );
}

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf("/") + 1);

/** Files that the scenario includes: to be read, not changed. */
export function Included({ file, includes, findings }: { readonly file: string; readonly includes: Readonly<Record<string, string>>; readonly findings: readonly Finding[] }) {
  const names = Object.keys(includes);
  if (names.length === 0) return null;
  return (
    <section class="editor-included" aria-label="Included files">
      <p>Included files are read here and cannot be changed; copy what is to be different into the scenario, which has the last word.</p>
      {names.map((name) => {
        const own = findings.filter((finding) => finding.file === `${folderOf(file)}${name}`);
        return (
          <details key={name}>
            <summary>{shownText(name)}{own.length > 0 && <b class="editor-wrong"> {problemCount(own)}</b>}</summary>
            {own.length > 0 && <ul>{own.slice(0, mostShown).map((finding) => <li key={`${finding.line}:${finding.column} ${finding.message}`} class={finding.severity}>{finding.line}:{finding.column} {shownText(finding.message)}</li>)}</ul>}
            <pre tabIndex={0} aria-label={`Text of ${shownText(name)}`}>{shownText(includes[name] ?? "")}</pre>
          </details>
        );
      })}
    </section>
  );
}
