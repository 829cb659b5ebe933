// The reporters that `--reporter` names.

import { consoleTable, consoleVerdict } from "./console.ts";
import { html } from "./html.ts";
import { jsonReport } from "./json.ts";
import type { Reported, Reporter } from "./reporter.ts";

/** Text for FILE, or for standard output where none is named. */
const textOrFile = (text: string, target: string | undefined): Reported => (target === undefined ? { stdout: text } : { files: [{ name: target, content: text }] });

const nothing = { details: "none", traces: "none" } as const;

const console: Reporter = {
  name: "console",
  summary: "a line for each run, what went wrong, and how to repeat it",
  needs: nothing,
  report: ({ result }, { out, error }, target) => (target === undefined ? { stdout: consoleTable(result, out), stderr: consoleVerdict(result, error) } : textOrFile(consoleTable(result) + consoleVerdict(result), target)),
};

const json: Reporter = { name: "json", summary: "every result, for programs", needs: nothing, report: ({ result }, _, target) => textOrFile(jsonReport(result), target) };

export const reporters: readonly Reporter[] = [console, json, html];
