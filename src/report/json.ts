// The machine-readable result: version 1, two-space JSON, one document.

import type { Comparison } from "../scenario/comparison.ts";
import type { RunResult } from "../scenario/result.ts";
import type { VerdictReport } from "../scenario/verdict.ts";

export const jsonReport = (result: RunResult | Comparison | VerdictReport): string => `${JSON.stringify(result, null, 2)}\n`;
