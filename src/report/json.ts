// The machine-readable result: version 1, two-space JSON, one document.

import type { Comparison } from "../scenario/comparison.ts";
import type { RunResult } from "../scenario/result.ts";
import type { VerdictReport } from "../scenario/verdict/report.ts";
import type { Reporter } from "./reporter.ts";

export const jsonReport = (result: RunResult | Comparison | VerdictReport): string => `${JSON.stringify(result, null, 2)}\n`;

export const json: Reporter = {
  name: "json", summary: "one JSON document, version 1", needs: { details: "none", traces: "none" },
  report: ({ result }, _surroundings, target) => (target === undefined ? { stdout: jsonReport(result) } : { files: [{ name: target, content: jsonReport(result) }] }),
};
