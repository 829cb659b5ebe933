// What expectations ask of a running or finished system: files, listings, registers. Nothing here changes it.

import { SystemError } from "../kernel/base/errno.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { fieldValue } from "../scenario/expectations/judge.ts";
import type { MomentFacts } from "../scenario/expectations/judge.ts";
import { findField } from "../scenario/machine-parts.ts";
import type { Metrics } from "../scenario/result.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import { fits, isPattern, lettersOf } from "../userland/glob.ts";
import { runCommand } from "../userland/run.ts";
import { UnresolvedReferenceError, resolveReferences } from "./references.ts";
import { factsOfFault } from "./fault-evidence.ts";
import type { FaultTable } from "./faults.ts";
import type { RunWatch } from "./run-watch.ts";
import type { System } from "./system.ts";

/** Runs a command that waits for nothing, as listings of the tree do. */
function runAtOnce(kernel: Kernel, files: FileSystem, line: string): string {
  const command = runCommand(kernel, files, line);
  const { done, value } = command.next();
  if (done === true) return value.stdout;
  return `"${line}" waits for a device; run it as a step`;
}

/** Text of what `ask` finds, or of why it finds nothing. */
function orReason(ask: () => string): string {
  try {
    return ask();
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    if (thrown instanceof UnresolvedReferenceError) return thrown.message;
    throw thrown;
  }
}

function peek({ hardware }: System, of: string, path: string): number {
  const place = findField(hardware.description, of, path);
  if (typeof place === "string") return -1;
  const { bridges, ports, switches, devices } = hardware.entities;
  const entity = bridges.get(of) ?? ports.get(of) ?? switches.get(of) ?? devices.get(of);
  const peeks = { config: hardware.peekConfig, component: hardware.peekComponent, device: hardware.peekDevice };
  return fieldValue(place, peeks[place.space].call(hardware, entity?.id ?? 0, place.offset));
}

/** What a listing prints now, or why it does not. */
export const listAtOnce = (kernel: Kernel, files: FileSystem, line: string): string => orReason(() => runAtOnce(kernel, files, line));

/** Paths that a pattern stands for. */
function entriesOf(files: FileSystem, pattern: string): string[] {
  let found = [""];
  for (const part of pattern.split("/").filter((one) => one !== "")) {
    const letters = lettersOf(part);
    found = found.flatMap((folder) => {
      if (!letters.some(isPattern)) return files.exists(`${folder}/${part}`) ? [`${folder}/${part}`] : [];
      return orNone(() => files.list(folder === "" ? "/" : folder)).filter((name) => fits(letters, name)).map((name) => `${folder}/${name}`);
    });
  }
  return found.toSorted();
}

/** What is found, or nothing where a name stands for nothing. */
function orNone<T>(ask: () => T[]): T[] {
  try {
    return ask();
  } catch (thrown) {
    if (thrown instanceof SystemError || thrown instanceof UnresolvedReferenceError) return [];
    throw thrown;
  }
}

/** What can be asked of a run at any moment. */
export interface Asked {
  readonly plan: ScenarioPlan;
  readonly system: System;
  readonly files: FileSystem;
  readonly faults: FaultTable;
  readonly watch: RunWatch;
  readonly readyAt: number;
}

/** The system as it is now, for expectations. */
export function momentFacts(run: Asked, metrics: Metrics): MomentFacts {
  const { plan, system, files, watch, readyAt } = run;
  const { kernel, hardware } = system;
  const named = (text: string): string => resolveReferences(hardware.description, files, text);
  return {
    metrics,
    readyAt,
    log: kernel.log,
    readFile: (path) => orReason(() => files.read(named(path))),
    exists: (path) => files.exists(named(path)),
    entries: (pattern) => orNone(() => entriesOf(files, named(pattern))),
    list: (program, words) => orReason(() => runAtOnce(kernel, files, `${program} list ${named(words)}`)),
    peek: (of, path) => peek(system, of, path),
    following: (expectation) => watch.following(expectation),
    fault: (id) => factsOfFault(run, plan.faults.findIndex((one) => one.id === id)),
  };
}
