// What became of a cell, and the words for it.

import type { Outcome } from "../../src/scenario/schema.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import type { Cell, Factor } from "./cells.ts";
import { factorNames, factors, keyOf } from "./cells.ts";

export interface CellResult {
  readonly cell: Cell;
  readonly outcome: Outcome;
  readonly killed: number;
  readonly machineChecks: number;
  /** Bytes that were in service below the port, or are stranded. */
  readonly bytesLost: bigint;
}

/** A cell that says nothing: its run did not go as its scenario says. */
export class UnknownCellError extends Error {
  constructor(cell: Cell, { status, reason }: Pick<ScenarioResult, "status" | "reason">) {
    super(`${keyOf(cell)}: ${status}${reason === null ? "" : `: ${reason}`}; npm run -s matrix -- --cell ${keyOf(cell)}`);
    this.name = "UnknownCellError";
  }
}

/** @throws UnknownCellError a fault did not fire, a workload did not start, a limit was reached */
export function resultOf(cell: Cell, result: ScenarioResult): CellResult {
  if (result.status !== "pass") throw new UnknownCellError(cell, result);
  const { killed, machineChecks, bytesLost } = result.metrics;
  return { cell, outcome: result.outcome, killed, machineChecks, bytesLost: BigInt(bytesLost) };
}

/** `recovered, 1 dead, 512 MiB lost`. */
export function wordsOf({ outcome, killed, bytesLost }: CellResult): string {
  return [outcome, ...(killed === 0 ? [] : [`${killed} dead`]), ...(bytesLost === 0n ? [] : [`${bytesLost >> 20n} MiB lost`])].join(", ");
}

/** Pairs of cells that differ in one factor alone: each value's cells beside those of the value before it. */
export function pairsOf(results: readonly CellResult[], factor: Factor): (readonly [CellResult, CellResult])[] {
  const byKey = new Map(results.map((result) => [keyOf(result.cell), result]));
  const values: readonly string[] = factors[factor];
  return results.flatMap((result) => {
    const number = values.indexOf(result.cell[factor]);
    return values.slice(0, number).flatMap((value) => {
      const other = byKey.get(keyOf({ ...result.cell, [factor]: value }));
      return other === undefined ? [] : [[other, result] as const];
    });
  });
}

/** The results with these values. */
export const where = (results: readonly CellResult[], values: Partial<Cell>): CellResult[] => results.filter(({ cell }) => factorNames.every((factor) => values[factor] === undefined || cell[factor] === values[factor]));
