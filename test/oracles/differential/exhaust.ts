// Every sequence of a few letters up to a length, module and reference side by side, looked at after every letter.

import type { HardwareSnapshot } from "../../../src/hardware/machine.ts";
import type { MachineState } from "../reference/machine.ts";
import type { Access } from "./bench.ts";
import { perform, predict } from "./bench.ts";
import type { Differential } from "./run.ts";
import { differs, restart, tell } from "./run.ts";

/** A letter does a few writes under one name. */
export interface Letter {
  readonly name: string;
  readonly accesses: readonly Access[];
}

export interface Exhausted {
  readonly sequences: number;
  /** The first divergence, told; empty when there is none. */
  readonly story: string;
}

interface Walk {
  readonly differential: Differential;
  readonly letters: readonly Letter[];
  readonly looks: readonly Access[];
  readonly snapshots: HardwareSnapshot[][];
  sequences: number;
  story: string;
}

function step(walk: Walk, access: Access, path: readonly string[]): void {
  const { differential } = walk;
  const outcomes = differential.benches.map((bench) => perform(bench, access));
  const line = walk.story === "" ? tell(differential.reference, differential.layout, access) : "";
  const what = differs(access, outcomes, predict(differential.reference, access));
  if (what !== undefined && walk.story === "") walk.story = `after ${path.join(", ")}: ${line}: ${what}`;
}

function descend(walk: Walk, depth: number, path: readonly string[], state: MachineState): void {
  const { differential, snapshots } = walk;
  const here = differential.benches.map(({ hardware }, index) => hardware.snapshot(snapshots[depth]?.[index]));
  snapshots[depth] = here;
  for (const { name, accesses } of walk.letters) {
    if (walk.story !== "") return;
    const way = [...path, name];
    for (const access of [...accesses, ...walk.looks]) step(walk, access, way);
    walk.sequences++;
    if (depth > 1) descend(walk, depth - 1, way, differential.reference.save());
    for (const [index, { hardware }] of differential.benches.entries()) hardware.restore(here[index] as HardwareSnapshot);
    differential.reference.restore(state);
  }
}

/** All sequences of up to `length` letters, each from the state after `before`. `looks`: reads after every letter. */
export function exhaust(differential: Differential, before: readonly Access[], letters: readonly Letter[], looks: readonly Access[], length: number): Exhausted {
  const walk: Walk = { differential, letters, looks, snapshots: [], sequences: 0, story: "" };
  restart(differential);
  for (const access of before) step(walk, access, ["the start"]);
  descend(walk, length, [], differential.reference.save());
  return { sequences: walk.sequences, story: walk.story };
}
