// The rules of the checker as a page: docs/strict.md is this text (a test holds them equal).

import { cite } from "./rule.ts";
import { ruleChapters } from "./rules.ts";

const introduction = `# What a driver must not do

A machine made with \`createMachine(..., { strict: true })\` looks at every access to config space and registers as it happens, and names what a sheet
forbids: \`machine.violations\`, or \`expect(machine).toBeWithoutViolations()\` of \`cxl-sandbox/vitest\`. The hardware itself goes on as it would: most of
these mistakes have no effect that a register shows, which is why they are found late.

## How to read a violation

\`\`\`text
rp0 timeoutIsolation.status.memoryIsolation (CXL 8.2.4.24.3): 1 was written to memoryIsolation while rootPortBusy was 1.
Rule TR1: software waits until rootPortBusy reads 0 before it clears an isolation status; before that the result is undefined.
To do: poll timeoutIsolation.status until rootPortBusy is 0, with a limit, then write 1 to the isolation status.
\`\`\`

Part, \`structure.register.field\` and clause; what was done; what the rule asks; what to do. As an object: \`rule\`, \`at\` (virtual ns of the access, or of the
moment by which something was due), \`part\`, \`register\`, \`field\` (null where the access as a whole is meant), \`clause\`, \`message\`. Ids like TR1 and C9 are those of
[rules.md](rules.md). Of one rule at one field of one part 16 are kept, and 4096 of all.

The checker reads the trace and nothing else. It sees a driver of the library's user, a plug-in, the Linux model or a foreign kernel alike, and it knows of
hardware only what records say. What was done before it began it does not know: it takes the registers as they stand then. A snapshot and a fork take
along what was found and what software had read.

The Linux model breaks none of these rules in the bundled scenarios (a test runs a part of them). Scenarios with \`notify: none\` enable isolation without a
notification, and would be named for it: the policy is that.

## Rules
`;

const afterword = `
*: the reading is ours (INFERRED). The sheets say when the link must have been down, that software may do without a notification, and that
there is one message per entry; that a driver which goes against them is wrong is what this page says. A driver that means it can leave such a violation out by its rule:
\`machine.violations.filter(({ rule }) => rule !== "notification")\`.
`;

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** docs/strict.md. */
export function strictPage(): string {
  const chapters = Object.entries(ruleChapters).map(([title, rules]) => {
    const rows = rules.map(({ id, title: says, clause, asks, remedy, isInferred }) => `| ${id}${isInferred === true ? "*" : ""} | ${cell(says)} | ${cite(clause)} | ${cell(asks)} | ${cell(remedy)} |`);
    return `### ${title}\n\n| rule | says | clause | asks | to do |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${introduction}\n${chapters.join("\n")}${afterword}`;
}
