// What expectations ask of a running or finished system: files, listings, registers. Nothing here changes it.

import { SystemError } from "../kernel/base/errno.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { fieldValue } from "../scenario/expect.ts";
import type { MomentFacts } from "../scenario/expect.ts";
import { findField } from "../scenario/machine-parts.ts";
import type { Metrics } from "../scenario/result.ts";
import { runCommand } from "../userland/run.ts";
import { UnresolvedReferenceError, resolveReferences } from "./references.ts";
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

/** The system as it is now, for expectations. */
export function momentFacts(system: System, files: FileSystem, metrics: Metrics): MomentFacts {
  const { kernel, hardware } = system;
  const named = (text: string): string => resolveReferences(hardware.description, files, text);
  return {
    metrics,
    log: kernel.log,
    readFile: (path) => orReason(() => files.read(named(path))),
    exists: (path) => files.exists(named(path)),
    list: (program, words) => orReason(() => runAtOnce(kernel, files, `${program} list ${named(words)}`)),
    peek: (of, path) => peek(system, of, path),
  };
}
