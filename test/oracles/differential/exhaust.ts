// Every sequence of a few letters up to a length, module and reference side by side, looked at after every letter. Of the longest ones a third is gone through, chosen so
// that any three letters still stand at any three places of one of them.

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

/** Goes through accesses up to the first that differs. `path`: numbers of letters; `state`: the reference's, before them. */
function steps({ differential, letters }: Walk, accesses: readonly Access[], path: readonly number[], state: MachineState): string {
  const { benches, layout, reference } = differential;
  for (const [index, access] of accesses.entries()) {
    const what = differs(access, benches.map((bench) => perform(bench, access)), predict(reference, access));
    if (what === undefined) continue;
    // Names are those of before the access.
    reference.restore(state);
    for (const before of accesses.slice(0, index)) predict(reference, before);
    return `after ${path.length === 0 ? "the start" : path.map((number) => letters[number]?.name).join(", ")}: ${tell(reference, layout, access)}: ${what}`;
  }
  return "";
}

/** Of so many of the longest sequences one is gone through. */
export const oneOf = 3;
const isChosen = (path: readonly number[]): boolean => path.reduce((sum, number) => sum + number, 0) % oneOf === 0;

function descend(walk: Walk, depth: number, path: readonly number[], state: MachineState): void {
  const { differential, snapshots } = walk;
  const here = differential.benches.map(({ hardware }, index) => hardware.snapshot(snapshots[depth]?.[index]));
  snapshots[depth] = here;
  for (const [number, { accesses }] of walk.letters.entries()) {
    const way = [...path, number];
    if (depth === 1 && !isChosen(way)) continue;
    walk.story = steps(walk, [...accesses, ...walk.looks], way, state);
    walk.sequences++;
    if (walk.story === "" && depth > 1) descend(walk, depth - 1, way, differential.reference.save());
    if (walk.story !== "") return;
    for (const [index, { hardware }] of differential.benches.entries()) hardware.restore(here[index] as HardwareSnapshot);
    differential.reference.restore(state);
  }
}

/** All sequences of less than `length` letters and a third of those of `length`, each from the state after `before`. `looks`: reads after every letter. */
export function exhaust(differential: Differential, before: readonly Access[], letters: readonly Letter[], looks: readonly Access[], length: number): Exhausted {
  const walk: Walk = { differential, letters, looks, snapshots: [], sequences: 0, story: "" };
  restart(differential);
  walk.story = steps(walk, before, [], differential.reference.save());
  if (walk.story === "") descend(walk, length, [], differential.reference.save());
  return { sequences: walk.sequences, story: walk.story };
}
