// Names that are a race in the kernel, written as references: `${mem:rp0}` is the memdev below root port rp0, `${dax:region0[1]}` the second
// dax device of region0 in order of creation. Resolved through the system's own tree when a step runs.

import type { MachineDescription } from "../platform/description.ts";
import { formatPciAddress, pciAddress } from "../platform/pci-address.ts";

/** The part of the tree that references look into. */
export interface Tree {
  list(path: string): string[];
  readlink(path: string): string;
}

export class UnresolvedReferenceError extends Error {
  constructor(reference: string, problem: string) {
    super(`\${${reference}}: ${problem}`);
    this.name = "UnresolvedReferenceError";
  }
}

/** `0000:0c:00.0` of a root port as firmware numbers it. */
export function portAddressOf(machine: MachineDescription, name: string): string | undefined {
  for (const bridge of machine.hostBridges) {
    const index = bridge.rootPorts.findIndex((port) => port.name === name);
    if (index >= 0) return formatPciAddress(pciAddress(bridge.segment, bridge.busStart, index, 0));
  }
  return undefined;
}

function devices(tree: Tree, bus: string, prefix: string, inside: string): string[] {
  const folder = `/sys/bus/${bus}/devices`;
  return tree.list(folder).filter((name) => name.startsWith(prefix) && `${tree.readlink(`${folder}/${name}`)}/`.includes(`/${inside}/`));
}

const instanceOf = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? "0");

function resolve(machine: MachineDescription, tree: Tree, reference: string): string {
  const match = /^(mem|dax|endpoint):([A-Za-z0-9_.-]+)(?:\[(\d+)\])?$/.exec(reference);
  if (match === null) throw new UnresolvedReferenceError(reference, "is no reference; write ${mem:PORT}, ${endpoint:PORT} or ${dax:REGION[N]}");
  const [, kind = "", name = "", index] = match;
  if (kind === "dax") {
    const found = devices(tree, "dax", "dax", name).sort((a, b) => instanceOf(a) - instanceOf(b));
    const device = found[Number(index ?? "0")];
    if (device === undefined) throw new UnresolvedReferenceError(reference, `${name} has ${found.length} dax device${found.length === 1 ? "" : "s"}`);
    return device;
  }
  const address = portAddressOf(machine, name);
  if (address === undefined) throw new UnresolvedReferenceError(reference, `the machine has no root port "${name}"`);
  const memdev = devices(tree, "cxl", "mem", address)[0];
  if (memdev === undefined) throw new UnresolvedReferenceError(reference, `no memdev below ${name} (${address})`);
  if (kind === "mem") return memdev;
  const endpoint = tree.list("/sys/bus/cxl/devices").find((candidate) => candidate.startsWith("endpoint") && tree.list(`/sys/bus/cxl/devices/${candidate}`).includes("uport") && tree.readlink(`/sys/bus/cxl/devices/${candidate}/uport`).endsWith(`/${memdev}`));
  if (endpoint === undefined) throw new UnresolvedReferenceError(reference, `no endpoint of ${memdev}`);
  return endpoint;
}

/** Replaces every reference in a text. @throws UnresolvedReferenceError */
export const resolveReferences = (machine: MachineDescription, tree: Tree, text: string): string => text.replace(/\$\{([^}]*)\}/g, (_, reference: string) => resolve(machine, tree, reference));
