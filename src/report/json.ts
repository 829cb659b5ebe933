// The machine-readable result: version 1, two-space JSON, one document.

import type { Comparison } from "../scenario/comparison.ts";
import type { RunResult } from "../scenario/result.ts";

export const jsonReport = (result: RunResult | Comparison): string => `${JSON.stringify(result, null, 2)}\n`;
