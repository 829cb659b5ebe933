// What a twin's file holds its own machine against: the captured memdevs, windows and regions.

import type { FileNode, Mapping } from "./nodes.ts";
import { entry, inLine, mapping } from "./nodes.ts";
import type { Sources } from "./sources.ts";
import type { Topology } from "./topology.ts";
import { portsOfTopology } from "./topology.ts";
import type { TwinWindow } from "./windows-file.ts";

const safe = (value: bigint): boolean => value <= BigInt(Number.MAX_SAFE_INTEGER);

const listing = (list: string, path: string, equals: bigint | number): Mapping[] =>
  typeof equals === "number" || safe(equals) ? [mapping(entry("cxl", inLine(entry("list", list), entry("path", path), entry("equals", Number(equals)))))] : [];

const mostMemdevs = 60;

export function expectations(sources: Sources, topology: Topology, windows: readonly TwinWindow[]): FileNode {
  const memdevs = portsOfTopology(topology).flatMap(({ card }) => (card?.kind === "device" && !card.isAbsent && card.memdev !== undefined && !card.memdev.isDisabled ? [card.memdev] : []));
  const cards = portsOfTopology(topology).filter(({ card }) => card?.kind === "device" && !card.isAbsent && card.memdev?.isDisabled !== true);
  const sizes = memdevs.slice(0, mostMemdevs).flatMap(({ serial, volatile, persistent }) => (serial === undefined || !safe(serial) ? [] : [
    ...(volatile > 0n ? listing("-M", `[serial=${serial}].ram_size`, volatile) : []), ...(persistent > 0n ? listing("-M", `[serial=${serial}].pmem_size`, persistent) : []),
  ]));
  const regions = windows.flatMap(({ captured }) => captured?.regions ?? []).filter(({ size }) => size > 0n);
  return [
    mapping(entry("outcome", "unaffected")), ...(cards.length > 0 ? listing("-M", "length", cards.length) : []), ...sizes, ...(windows.length > 0 ? listing("-Di -d root", "length", windows.length) : []),
    ...(regions.length > 0 ? listing("-Ri", "length", regions.length) : []), ...(sources.cxl.isRounded ? [] : regions.slice(0, mostMemdevs).flatMap(({ base, size }) => listing("-Ri", `[resource=${base}].size`, size))),
  ];
}
