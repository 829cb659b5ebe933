// The matrix of isolation: its cells, its scenarios, and docs/matrix.md, which is held against runs of a sample and against itself.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/scenario/schema.ts";
import { allCells, cellOf, factors, impossible, keyOf, scenarioOf } from "../../tools/matrix/cells.ts";
import type { Cell } from "../../tools/matrix/cells.ts";
import { matrixPage, rowOf } from "../../tools/matrix/page.ts";
import type { CellResult } from "../../tools/matrix/results.ts";
import { UnknownCellError, pairsOf, resultOf, wordsOf } from "../../tools/matrix/results.ts";
import { treeOf } from "../../tools/matrix/tree.ts";
import { runText } from "../support/scenarios.ts";

const page = readFileSync(new URL("../../docs/matrix.md", import.meta.url), "utf8");
const possible = allCells().filter((cell) => impossible(cell) === undefined);
const rows = new Map(page.split("\n").filter((line) => line.includes("/TRIGGER/")).map((line) => {
  const [row = "", ...words] = line.replaceAll(/^\| | \|$/g, "").split(" | ");
  return [row, words] as const;
}));

/** What the page says of a cell. */
const said = (cell: Cell): string => rows.get(rowOf(cell))?.[factors.trigger.indexOf(cell.trigger)] ?? "nothing";

/** The same as a result; machine checks are not on the page. */
function read(cell: Cell): CellResult {
  const words = said(cell);
  const number = (pattern: RegExp): number => Number(pattern.exec(words)?.[1] ?? "0");
  return { cell, outcome: (words.split(",")[0] ?? "") as Outcome, killed: number(/(\d+) dead/), machineChecks: 0, bytesLost: BigInt(number(/(\d+) MiB/)) << 20n };
}

const known: Cell = { use: "device-dax", trigger: "link-down", interleave: "contained", pins: "no-pins", kernelPage: "no-kernel-page", isolation: "isolation-on", place: "direct", decoders: "unlocked" };

describe("cells", () => {
  it("have a name each, by which they are found", () => {
    expect(new Set(allCells().map(keyOf)).size).toBe(1536);
    expect(cellOf(keyOf(known))).toEqual(known);
    expect(cellOf("device-dax")).toBeUndefined();
  });

  it("that cannot be say why; the scenario of one that would be refused is refused by the kernel", () => {
    const pinned: Cell = { ...known, use: "fsdev", pins: "pins-for-ever" };
    expect([impossible(known), impossible(pinned)]).toEqual([undefined, "pages of a file system are not pinned for long (EOPNOTSUPP)"]);
    expect(runText("fsdev.yaml", scenarioOf(pinned)).result.reason).toMatch(/not pinned for long/);
    const movable: Cell = { ...known, use: "system-ram-movable", kernelPage: "kernel-page" };
    expect(impossible(movable)).toBe("ZONE_MOVABLE has none of the kernel's own pages");
    expect(runText("movable.yaml", scenarioOf(movable)).result.status).not.toBe("pass");
  });

  it("whose run does not go as its scenario says are no cells of the matrix", () => {
    const text = scenarioOf({ ...known, trigger: "timeout" }).replace("nth: 1000", "nth: 1000000000");
    expect(() => resultOf(known, runText("never.yaml", text).result)).toThrow(UnknownCellError);
  });
});

describe("docs/matrix.md", () => {
  it("has an outcome for every cell that can be, and no other", () => {
    expect(possible.filter((cell) => !/^(?:panic|reset|hang|rebooted|wedged|stranded|reduced|recovered|unaffected)(?:,|$)/.test(said(cell)))).toEqual([]);
    expect([...rows.values()].reduce((sum, words) => sum + words.length, 0)).toBe(possible.length);
  });

  it("is what its cells come to: claims, what decides, what cannot be", () => {
    expect(matrixPage(possible.map(read))).toBe(page);
  });

  it.each(possible.filter((_, index) => index % 37 === 5).map((cell) => [keyOf(cell), cell] as const))("%s is as the page says", (_key, cell) => {
    expect(wordsOf(resultOf(cell, runText("cell.yaml", scenarioOf(cell)).result))).toBe(said(cell));
  });
});

describe("what decides", () => {
  const result = (outcome: Outcome, change: Partial<Cell>): CellResult => ({ cell: { ...known, ...change }, outcome, killed: 0, machineChecks: 0, bytesLost: 0n });

  it("is asked first for what tells most apart; answers that lead to the same are one", () => {
    const results = [
      result("reset", { isolation: "isolation-off" }), result("reset", { isolation: "isolation-off", trigger: "timeout" }), result("reset", { isolation: "isolation-off", trigger: "hot-reset" }),
      result("recovered", {}), result("hang", { trigger: "timeout" }), result("recovered", { trigger: "hot-reset" }),
    ];
    expect(treeOf(results)).toBe("- isolation-off (3): **reset**\n- isolation-on (3)\n  - link-down or hot-reset (2): **recovered**\n  - timeout (1): **hang**");
  });

  it("two factors that decide only together are both asked for", () => {
    const results = [result("recovered", {}), result("recovered", { place: "below-switch" }), result("recovered", { decoders: "locked" }), result("reduced", { place: "below-switch", decoders: "locked" })];
    expect(treeOf(results)).toBe("- direct (2): **recovered**\n- below-switch (2)\n  - unlocked (1): **recovered**\n  - locked (1): **reduced**");
  });

  it("pairs differ in one factor alone", () => {
    expect(pairsOf([result("reset", { isolation: "isolation-off" }), result("recovered", {}), result("hang", { trigger: "timeout" })], "isolation").map((pair) => pair.map(({ outcome }) => outcome))).toEqual([["reset", "recovered"]]);
  });
});
