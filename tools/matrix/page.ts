// The page of the matrix (docs/matrix.md): statements, what decides, what cannot be, every cell. Everything on it is computed.

import type { Cell } from "./cells.ts";
import { allCells, factorNames, factors, impossible, keyOf } from "./cells.ts";
import type { CellResult } from "./results.ts";
import { pairsOf, wordsOf } from "./results.ts";
import { orderText, statementsTable } from "./statements.ts";
import { treeOf } from "./tree.ts";

const anyTrigger = "TRIGGER";
/** Name of a row: a cell's, with the trigger left open. */
export const rowOf = (cell: Cell): string => keyOf(cell).replace(`/${cell.trigger}/`, `/${anyTrigger}/`);

/** Of pairs of cells that differ in this alone: how often the outcome, and how often what is lost, differs. */
function influenceTable(results: readonly CellResult[]): string {
  const rows = factorNames.map((factor) => {
    const pairs = pairsOf(results, factor);
    const turned = pairs.filter(([a, b]) => a.outcome !== b.outcome).length;
    const lost = pairs.filter(([a, b]) => a.bytesLost !== b.bytesLost || a.killed !== b.killed).length;
    return `| ${factor} | ${factors[factor].join(", ")} | ${turned} of ${pairs.length} | ${lost} of ${pairs.length} |`;
  });
  return ["| factor | values | outcome differs | dead or bytes lost differ |", "|---|---|---|---|", ...rows].join("\n");
}

function impossibleTable(): string {
  const reasons = new Map<string, number>();
  for (const cell of allCells()) {
    const reason = impossible(cell);
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return ["| cells | why they cannot be |", "|---|---|", ...[...reasons].map(([reason, count]) => `| ${count} | ${reason} |`)].join("\n");
}

function cellTable(results: readonly CellResult[]): string {
  const rows = new Map<string, string[]>();
  for (const result of results) {
    const words = rows.get(rowOf(result.cell)) ?? [];
    rows.set(rowOf(result.cell), [...words, wordsOf(result)]);
  }
  return [`| cell | ${factors.trigger.join(" | ")} |`, `|---|${factors.trigger.map(() => "---|").join("")}`, ...[...rows].map(([row, words]) => `| ${row} | ${words.join(" | ")} |`)].join("\n");
}

const intro = `# Matrix of isolation

Written by \`npm run matrix -- --write\`; nothing on this page is written by hand. Each cell is a scenario of two root ports with a card of 512 MiB each and a user on each region;
root port rp0 fails, or what is below it. What an outcome is: [outcomes](outcomes.md). A cell is replayed, shown as a scenario file, or run like any other:

    npm run -s matrix -- --cell device-dax/link-down/contained/no-pins/no-kernel-page/isolation-on/direct/unlocked
    npm run -s matrix -- --scenario device-dax/link-down/contained/no-pins/no-kernel-page/isolation-on/direct/unlocked > cell.yaml
    cxl-sandbox run cell.yaml

Where the trigger is a pulled cable it is put back when the port is cleared. Users of a dax device are virtual machines, those of System RAM databases whose pages are bound to the region's node.
The kernel's page is slab that it reads (10 us apart); it has none there otherwise (\`kernelShare: 0\`). Without isolation the platform resets at a dead link (POL-PLATFORM).`;

/** The whole page. */
export function matrixPage(results: readonly CellResult[]): string {
  const all = allCells();
  return [
    intro, "",
    `${all.length} cells: ${results.length} were run, ${all.length - results.length} cannot be.`, "",
    "## What the cells say of each position", "", "A claim **holds** where every case that has something to say about it bears it out, **depends** where some do; behind it how many.", `From better to worse: ${orderText}.`, "", statementsTable(results), "",
    "## What decides the outcome", "", "Of all pairs of cells that differ in one factor alone:", "", influenceTable(results), "", "As questions, with the number of cells that an answer leaves:", "", treeOf(results), "",
    "## What cannot be", "", impossibleTable(), "",
    "## Every cell", "", `${anyTrigger} in a name stands for the column.`, "", cellTable(results), "",
  ].join("\n");
}
