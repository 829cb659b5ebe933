// The machine-readable result: version 1, two-space JSON, one document.

import type { RunResult } from "../scenario/result.ts";

export const jsonReport = (result: RunResult): string => `${JSON.stringify(result, null, 2)}\n`;
