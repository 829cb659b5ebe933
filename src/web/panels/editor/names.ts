// Names that a text gives to its parts, read off its tree: what can be named where the schema asks for a name.

import type { Schema } from "./schema-walk.ts";
import type { MapNode, TreeNode } from "./yaml-tree.ts";

export interface Names {
  readonly bridges: readonly string[];
  /** Root ports and downstream ports. */
  readonly ports: readonly string[];
  readonly devices: readonly string[];
  readonly switches: readonly string[];
  readonly regions: readonly string[];
  readonly workloads: readonly string[];
  readonly faults: readonly string[];
}

const valueOf = (node: TreeNode | null | undefined, key: string): TreeNode | null => (node?.kind === "map" ? (node.entries.find((entry) => entry.key === key)?.value ?? null) : null);
const mapsOf = (node: TreeNode | null): readonly MapNode[] => (node?.kind === "seq" ? node.items.filter((item): item is MapNode => item?.kind === "map") : []);
const textOf = (node: TreeNode | null): string | undefined => (node?.kind === "scalar" && node.text !== "" ? node.text : undefined);

interface Found {
  /** Downstream ports that the file gives no name. */
  unnamed: number;
  readonly ports: string[];
  readonly devices: string[];
  readonly switches: string[];
}

/** Cards of a port and what is below them; names that the file leaves out are those that the machine gives. */
function readPort(port: MapNode, name: string, ownDevice: string, found: Found): void {
  found.ports.push(name);
  const cards = [port, ...mapsOf(valueOf(port, "alternates"))];
  for (const card of cards) {
    const device = card === port ? valueOf(port, "device") : valueOf(card, "switch") === null ? card : null;
    if (device !== null) found.devices.push(textOf(valueOf(device, "name")) ?? ownDevice);
    const below = valueOf(card, "switch");
    if (below === null) continue;
    found.switches.push(textOf(valueOf(below, "name")) ?? `sw${found.switches.length}`);
    for (const downstream of mapsOf(valueOf(below, "ports"))) {
      const own = textOf(valueOf(downstream, "name")) ?? `dsp${found.unnamed++}`;
      readPort(downstream, own, `${own}-dev`, found);
    }
  }
}

export function namesIn(tree: TreeNode | null): Names {
  const found: Found = { unnamed: 0, ports: [], devices: [], switches: [] };
  const bridges = mapsOf(valueOf(valueOf(tree, "machine"), "hostBridges"));
  const rootPorts = bridges.flatMap((bridge) => mapsOf(valueOf(bridge, "rootPorts")));
  for (const [index, port] of rootPorts.entries()) readPort(port, textOf(valueOf(port, "name")) ?? `rp${index}`, `dev${index}`, found);
  const commands = mapsOf(valueOf(tree, "steps")).filter((step) => /\bcxl create-region\b/.test(textOf(valueOf(step, "run")) ?? "")).length;
  const regions = commands + mapsOf(valueOf(valueOf(tree, "firmware"), "regions")).length;
  const workloads = mapsOf(valueOf(tree, "workloads")).flatMap((workload) => workload.entries.flatMap(({ value }) => textOf(valueOf(value, "name")) ?? []));
  const { ports, devices, switches } = found;
  return {
    ports,
    devices,
    switches,
    bridges: bridges.map((bridge, index) => textOf(valueOf(bridge, "name")) ?? `hb${index}`),
    regions: Array.from({ length: regions }, (_, index) => `region${index}`),
    workloads,
    faults: mapsOf(valueOf(tree, "faults")).flatMap((fault) => textOf(valueOf(fault, "id")) ?? []),
  };
}

/** By what a schema's words say is named: the first that fits. */
const asked: readonly (readonly [RegExp, (names: Names) => readonly string[]])[] = [
  [/Host bridge, switch or device/, ({ bridges, switches, devices }) => [...devices, ...switches, ...bridges]],
  [/Host bridges by position/, ({ bridges }) => bridges],
  [/Devices by position/, ({ devices, ports }) => [...ports, ...devices]],
  [/part of the machine by name/, ({ ports, devices, switches, bridges }) => [...ports, ...devices, ...switches, ...bridges]],
  [/dax device, like/, ({ regions }) => regions.map((region) => `\${dax:${region}}`)],
  [/card that (?:is put in|the port declares)/, ({ devices, switches }) => [...devices, ...switches]],
  [/fault, by its id|Another fault has acted|how many times a fault/i, ({ faults }) => faults],
  [/workload by its name/, ({ workloads }) => workloads],
  [/device by name|Like: \w+: dev\d/i, ({ devices }) => devices],
  [/port by name|Like: \w+: (?:rp|dsp)\d/i, ({ ports }) => ports],
];

/** Names that may stand where a schema asks for a text. */
export function namesFor({ type, description = "", enum: values, pattern }: Schema, names: Names): readonly string[] {
  if (type !== "string" || values !== undefined || pattern !== undefined) return [];
  return asked.find(([words]) => words.test(description))?.[1](names) ?? [];
}

/** References that a text may hold, like ${mem:rp0}. */
export const referencesIn = ({ ports, regions }: Names): readonly string[] => [...ports.map((port) => `\${mem:${port}}`), ...regions.map((region) => `\${dax:${region}}`), ...ports.map((port) => `\${endpoint:${port}}`)];
