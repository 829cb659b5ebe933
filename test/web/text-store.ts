// The part of a page's store that holds a text, with no worker behind it: what the worker would answer is asked of the same functions here.

import { signal } from "@preact/signals";
import type { Finding } from "../../src/scenario/lint.ts";
import { lintScenario } from "../../src/scenario/lint.ts";
import { includeTexts } from "../../src/scenario/include-texts.ts";
import { TraceFileError, decodeTrace } from "../../src/scenario/trace/file.ts";
import type { Document, Notice, PageStore, TextPlace } from "../../src/web/store/contract.ts";

export interface TextStore {
  readonly store: PageStore;
  /** Scenarios and traces that were opened, by name. */
  readonly opened: readonly string[];
  /** Where it was gone, and panels that were shown. */
  readonly ways: readonly unknown[];
  /** Checks the text as it is. */
  check(): void;
}

export function textStore(first: Partial<Document> = {}): TextStore {
  const document = signal<Document>({ file: "a.yaml", text: "", includes: {}, seed: 1, schedule: "fixed", ...first });
  const findings = signal<readonly Finding[]>([]);
  const notice = signal<Notice | null>(null);
  const opened: string[] = [];
  const ways: unknown[] = [];
  const part: Partial<PageStore> = {
    document,
    findings,
    notice,
    place: signal<TextPlace | null>(null),
    opened: signal(null), isChanged: signal(false),
    status: signal({ phase: "done", position: { records: 1, turns: 1, atNs: 1 }, touches: [] }) as never,
    ask: ((_name: string, { file, text, files }: { file: string; text: string; files: Record<string, string> }) => Promise.resolve(includeTexts(file, text, (path) => files[path] ?? files[path.split("/").at(-1) ?? ""]))) as never,
    go: (target) => {
      ways.push(target);
      return Promise.resolve("there" as const);
    },
    show: (panel) => void ways.push(panel),
    openScenario: (file, text, includes = {}) => {
      opened.push(file);
      document.value = { ...document.value, file, text, includes };
      return Promise.resolve();
    },
    openFile: (name, bytes) => {
      try {
        decodeTrace(bytes);
        opened.push(name);
      } catch (error) {
        if (!(error instanceof TraceFileError)) throw error;
        notice.value = { kind: "problem", text: `${name}: ${error.message}` };
      }
      return Promise.resolve();
    },
  };
  return {
    store: part as PageStore,
    opened,
    ways,
    check: () => void (findings.value = lintScenario(document.value.file, document.value.text, document.value.includes)),
  };
}
