// What a run found, as text, as JSON, and the explanations as a page.

import type { Difference } from "./compare.ts";
import { explanations } from "./explanations.ts";
import type { FileResult } from "./run.ts";

const total = (results: readonly FileResult[], pick: (result: FileResult) => number): number => results.reduce((sum, result) => sum + pick(result), 0);
const hex = (value: number): string => (value < 0 ? String(value) : `0x${value.toString(16)}`);
const describe = (one: Difference): string => `    ${one.function} ${one.text}: ${[one.structure, one.register, one.field].filter((part) => part !== "").join(".")}: theirs ${hex(one.theirs)}, ours ${hex(one.ours)}`;

function usedOf(results: readonly FileResult[]): Map<string, number> {
  const used = new Map<string, number>();
  for (const { tally } of results) for (const [id, fields] of tally.used) used.set(id, (used.get(id) ?? 0) + fields);
  return used;
}

export function summaryOf(results: readonly FileResult[], isVerbose: boolean, isWhole: boolean): string {
  const rows = results.map(({ file, tally }) => `${file.padEnd(40)} ${String(tally.entries).padStart(7)} entries ${String(tally.equal).padStart(7)} equal ${String(tally.explained).padStart(6)} explained ${String(tally.unexplained.length).padStart(5)} unexplained${tally.notModelled > 0 ? ` ${tally.notModelled} not yet modelled` : ""}`);
  const used = usedOf(results);
  const open = results.flatMap(({ file, tally }) => (tally.unexplained.length === 0 ? [] : [`  ${file}: unexplained`, ...tally.unexplained.slice(0, isVerbose ? undefined : 40).map(describe)]));
  const reasons = [...used].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, fields]) => `  ${String(fields).padStart(6)}  ${id}${isVerbose ? `: ${explanations.find((one) => one.id === id)?.reason ?? ""}` : ""}`);
  const stale = isWhole ? explanations.filter((one) => !used.has(one.id)).map((one) => `  explains nothing here: ${one.id}`) : [];
  const sums = `${total(results, (r) => r.tally.entries)} entries, ${total(results, (r) => r.tally.equal)} equal, ${total(results, (r) => r.tally.explained)} explained, ${total(results, (r) => r.tally.unexplained.length)} unexplained, ${total(results, (r) => r.tally.notModelled)} not yet modelled`;
  return [...rows, ...(reasons.length > 0 ? ["Explanations used (fields):", ...reasons] : []), ...stale, ...open, sums].join("\n");
}

export function jsonOf(results: readonly FileResult[]): string {
  return JSON.stringify(results.map(({ file, kind, tally }) => ({ file, kind, entries: tally.entries, equal: tally.equal, explained: tally.explained, unexplained: tally.unexplained, notModelled: tally.notModelled, explanations: Object.fromEntries(tally.used) })), undefined, 1);
}

/** Text of docs/conformance.md. */
export function pageOf(): string {
  const rows = explanations.map((one) => `| ${one.id} | ${(one.kinds ?? ["any"]).join(", ")} | ${[one.structure, one.register, one.fields?.join(", ")].filter((part) => part !== undefined).join(".")} | ${one.clause} | ${one.reason} |`);
  return `# Conformance

\`npm run conformance\` holds the register model against captures of QEMU 11.1 and of a real Linux driver (test/fixtures/captures); another folder of
captures in the same formats can be given. Structures are compared by identity, not by place: where a structure lies is each machine's own business
(PCIe 7.5.1.1.11, 7.6.3; CXL 8.2.4). What differs in a field is explained by one of these rules or is a finding.

| rule | functions | field | clause | reason |
|---|---|---|---|---|
${rows.join("\n")}
`;
}
