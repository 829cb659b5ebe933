// The settings as a page: docs/settings.md is this text (a test holds them equal).

import { defaultSettings } from "../kernel/settings.ts";
import type { Setting } from "./settings.ts";
import { hostSettings } from "./settings.ts";
import { timeText } from "./units.ts";
import { acceptanceSettings, verdictSettings } from "./verdict/settings.ts";

const units: Readonly<Record<Setting["kind"], string>> = { time: "a time: `5ms`, `100us`, `2s`", count: "a count", percent: "percent, without the sign", switch: "`true` or `false`", choice: "", weight: "points" };

/** What a setting may be, and a value of it, in Markdown. */
export const unitOf = ({ kind, values, range }: Setting): string => (kind === "choice" ? (values ?? []).map((value) => `\`${value}\``).join(", ") : `${units[kind]}${range === undefined ? "" : `, ${range[0]} to ${range[1]}`}`);

export const valueText = (setting: Setting, value: unknown): string => `\`${setting.kind === "time" ? timeText(Number(value)) : String(value)}\``;

function rowsOf(table: Readonly<Record<string, Setting>>, defaults: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(table).map(([name, setting]) => `| \`${name}\` | ${valueText(setting, defaults[name])} | ${unitOf(setting)} | ${setting.meaning} | ${setting.source} |`);
  return `| setting | default | values | meaning | where the default comes from |\n|---|---|---|---|---|\n${rows.join("\n")}`;
}

const defaultsOf = (table: Readonly<Record<string, { readonly default: unknown }>>): Record<string, unknown> => Object.fromEntries(Object.entries(table).map(([name, setting]) => [name, setting.default]));

export function settingsPage(): string {
  return `# Settings

A policy is a disagreement ([policies](policies.md)); a setting is a number or a switch that somebody has to state. Nothing of this is a constant in code, and every one
can be varied: \`cxl-sandbox verdict FILE --vary host.kernelShare=0,2,10\`. Where nobody says what a value is, its source is INFERRED: it is this project's, and
yours may be another one.

## \`host:\`, the kernel and its processors

\`\`\`yaml
host: { cpus: 128, processor: amd, kernelShare: 0, hungTaskTime: 60s }
\`\`\`

${rowsOf(hostSettings, { ...defaultSettings })}

## \`verdict:\`, recovery against a reboot

These are read by [\`cxl-sandbox verdict\`](verdict.md) alone. They change no run.

\`\`\`yaml
verdict: { bootTime: 90s, killedWeight: 100, acceptance: { losesPort: true, userspaceManaged: true, prefersToReboot: true } }
\`\`\`

${rowsOf(verdictSettings, defaultsOf(verdictSettings))}

### \`verdict.acceptance:\`, the three conditions

${rowsOf(acceptanceSettings, defaultsOf(acceptanceSettings))}
`;
}
