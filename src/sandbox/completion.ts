// Completion at the prompt: what the machine has (src/userland/completion.ts), and what only the sandbox knows: its words, faults, port names.

import { portsBelow } from "../platform/description.ts";
import { traceLayers } from "../sim/trace.ts";
import { partsOf } from "../scenario/machine-parts.ts";
import { actionNames } from "../scenario/read-action.ts";
import type { Completion } from "../userland/completion.ts";
import { complete } from "../userland/completion.ts";
import { programs } from "../userland/programs.ts";
import { ownWords as shellWords } from "../userland/run.ts";
import type { Session } from "./session.ts";

function references(session: Session): string[] {
  const { plan, files } = session.run;
  const ports = plan.machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).map(({ name }) => name);
  const regions = files.list("/sys/bus/cxl/devices").filter((name) => /^region\d+$/.test(name));
  return [...["mem", "endpoint", "pci"].flatMap((kind) => ports.map((port) => `${kind}:${port}`)), ...regions.map((region) => `dax:${region}`)];
}

/** Words behind one of the sandbox's own words. */
function wordsBehind(session: Session, command: string, before: readonly string[]): readonly string[] {
  const all = [...programs.keys(), ...session.words.keys(), ...shellWords];
  if (command === "inject") return before.some((word) => word.endsWith(":")) ? [...partsOf(session.run.plan.machine).keys()] : actionNames.map((name) => `${name}:`);
  if (command === "trace") return before.at(-1) === "--layer" ? traceLayers : ["--layer"];
  return command === "help" ? all : [];
}

/** What can stand at the end of the line. */
export function completeLine(session: Session, line: string): Completion {
  const commands = [...programs.keys(), ...session.words.keys(), ...shellWords];
  return complete({ files: session.run.files, folder: session.folder, commands, references: references(session), ownWords: (command, before) => wordsBehind(session, command, before) }, line);
}
