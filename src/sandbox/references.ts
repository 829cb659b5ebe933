// Names that are a race in the kernel, written as references: `${mem:rp0}` is the memdev below port rp0, `${pci:rp0}` the function of the card
// there, `${dax:region0[1]}` the second dax device of region0 in order of creation. Resolved through the system's own tree when a step runs.

import type { DownstreamPortDescription, MachineDescription } from "../platform/description.ts";
import { deviceNumberOf, isSwitch } from "../platform/description.ts";
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

/** Device numbers from a port down to the one named, itself first. */
function numbersTo(port: DownstreamPortDescription, number: number, name: string): number[] | undefined {
  if (port.name === name) return [number];
  for (const card of port.slots.filter(isSwitch)) for (const [below, inner] of card.ports.entries()) {
    const numbers = numbersTo(inner, deviceNumberOf(inner, below), name);
    if (numbers !== undefined) return [number, ...numbers];
  }
  return undefined;
}

/**
 * A port's place, which does not depend on bus numbers: `0000:0c:00.0` of its root port as firmware numbers it, then device numbers of the
 * downstream ports on the way: `0000:0c:00.0/1`.
 */
export function placeOfPort(machine: MachineDescription, name: string): string | undefined {
  for (const bridge of machine.hostBridges) for (const [root, port] of bridge.rootPorts.entries()) {
    const numbers = numbersTo(port, deviceNumberOf(port, root), name);
    if (numbers !== undefined) return [formatPciAddress(pciAddress(bridge.segment, bridge.busStart, numbers[0] ?? 0, 0)), ...numbers.slice(1)].join("/");
  }
  return undefined;
}

/** Functions on the bus below a bridge. */
const functionsBelow = (tree: Tree, name: string): string[] => tree.list(`/sys/bus/pci/devices/${name}`).filter((entry) => /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(entry));

/** Name of the function at a place now; undefined while it, or a switch above it, is not there. */
function functionAt(tree: Tree, place: string): string | undefined {
  const [root, ...numbers] = place.split("/");
  return numbers.reduce<string | undefined>((port, number) => {
    const upstream = port === undefined ? undefined : functionsBelow(tree, port)[0];
    return upstream === undefined ? undefined : functionsBelow(tree, upstream).find((entry) => Number.parseInt(entry.slice(8, 10), 16) === Number(number));
  }, root);
}

function devices(tree: Tree, bus: string, prefix: string, inside: string): string[] {
  const folder = `/sys/bus/${bus}/devices`;
  return tree.list(folder).filter((name) => name.startsWith(prefix) && `${tree.readlink(`${folder}/${name}`)}/`.includes(`/${inside}/`));
}

const instanceOf = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? "0");

function resolve(machine: MachineDescription, tree: Tree, reference: string): string {
  const match = /^(mem|dax|endpoint|pci):([A-Za-z0-9_.-]+)(?:\[(\d+)\])?$/.exec(reference);
  if (match === null) throw new UnresolvedReferenceError(reference, "is no reference; write ${mem:PORT}, ${endpoint:PORT}, ${pci:PORT} or ${dax:REGION[N]}");
  const [, kind = "", name = "", index] = match;
  if (kind === "dax") {
    const found = devices(tree, "dax", "dax", name).toSorted((a, b) => instanceOf(a) - instanceOf(b));
    const device = found[Number(index ?? "0")];
    if (device === undefined) throw new UnresolvedReferenceError(reference, `${name} has ${found.length} dax device${found.length === 1 ? "" : "s"}`);
    return device;
  }
  const place = placeOfPort(machine, name);
  if (place === undefined) throw new UnresolvedReferenceError(reference, `the machine has no port "${name}"`);
  const address = functionAt(tree, place);
  if (address === undefined) throw new UnresolvedReferenceError(reference, `port ${name} is not there now`);
  if (kind === "pci") {
    const card = functionsBelow(tree, address)[0];
    if (card === undefined) throw new UnresolvedReferenceError(reference, `no card below ${name} (${address})`);
    return card;
  }
  const memdev = devices(tree, "cxl", "mem", address)[0];
  if (memdev === undefined) throw new UnresolvedReferenceError(reference, `no memdev below ${name} (${address})`);
  if (kind === "mem") return memdev;
  const endpoint = tree.list("/sys/bus/cxl/devices").find((candidate) => candidate.startsWith("endpoint") && tree.list(`/sys/bus/cxl/devices/${candidate}`).includes("uport") && tree.readlink(`/sys/bus/cxl/devices/${candidate}/uport`).endsWith(`/${memdev}`));
  if (endpoint === undefined) throw new UnresolvedReferenceError(reference, `no endpoint of ${memdev}`);
  return endpoint;
}

/** Replaces every reference in a text. @throws UnresolvedReferenceError */
export const resolveReferences = (machine: MachineDescription, tree: Tree, text: string): string => text.replace(/\$\{([^}]*)\}/g, (_, reference: string) => resolve(machine, tree, reference));
