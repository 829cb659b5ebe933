// Opening by hand: a drop anywhere on the page, with a hint while a file hangs over it; the way of a file that is fetched; a button that does the same by keyboard.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { shownText } from "../shown-text.ts";
import type { PageStore } from "../store/contract.ts";
import { openFiles, transferOf } from "./open.ts";
import type { Transfer } from "./open.ts";
import "./opening.css";

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;

/** Stands once in the page. */
export function OpeningLayer({ store }: { readonly store: PageStore }) {
  const isOver = useSignal(false);
  useEffect(() => {
    // Each element under the file is entered and left; the page is left when nothing is entered any more.
    let depth = 0;
    const over = (event: DragEvent): void => {
      if (hasFiles(event)) event.preventDefault();
    };
    const enter = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth++;
      isOver.value = true;
      event.preventDefault();
    };
    const leave = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) isOver.value = false;
    };
    const drop = (event: DragEvent): void => {
      depth = 0;
      isOver.value = false;
      if (!hasFiles(event)) return;
      // Also over the editor, which would take the text in.
      event.preventDefault();
      event.stopPropagation();
      void openFiles(store, [...(event.dataTransfer?.files ?? [])]);
    };
    const listeners = [["dragover", over], ["dragenter", enter], ["dragleave", leave], ["drop", drop]] as const;
    for (const [name, listener] of listeners) addEventListener(name, listener, true);
    return () => {
      for (const [name, listener] of listeners) removeEventListener(name, listener, true);
    };
  }, [store, isOver]);
  const transfer = transferOf(store).value;
  return (
    <>
      {isOver.value && <div class="drop-hint" aria-hidden="true"><p>Drop a scenario (with its parts) or a trace to open it here. It stays on this machine.</p></div>}
      {transfer !== null && <TransferBar {...transfer} />}
    </>
  );
}

const inKiB = (bytes: number): string => `${Math.ceil(bytes / 1024).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f")} KiB`;

export function TransferBar({ name, received, total, cancel }: Transfer) {
  const words = total === null ? inKiB(received) : `${inKiB(received)} of ${inKiB(total)}`;
  return (
    <div class="transfer" role="group" aria-label="Fetching a file">
      <span>Fetching {shownText(name)}: {words}</span>
      <progress aria-label={`Fetching ${shownText(name)}`} {...(total === null || total === 0 ? {} : { max: total, value: Math.min(received, total) })} />
      <button type="button" onClick={cancel}>Stop fetching</button>
    </div>
  );
}

/** Button "Open file…". */
export function OpenButton({ store }: { readonly store: PageStore }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={() => field.current?.click()}>Open file…</button>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        accept=".yaml,.yml,.trace"
        aria-label="Scenario with its parts, or a trace"
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          // The same file can be chosen again.
          event.currentTarget.value = "";
          if (files.length > 0) void openFiles(store, files);
        }}
      />
    </>
  );
}
