// The windows of a twin: out of the CEDT where there is one, else out of the root decoders, which say less.

import type { WindowStructure } from "../../kernel/acpi/cedt.ts";
import type { CapturedWindow } from "./cxl-capture.ts";
import type { Entry, Mapping } from "./nodes.ts";
import { entry, mapping, sizeText } from "./nodes.ts";
import type { Sources } from "./sources.ts";
import type { Topology } from "./topology.ts";

export interface TwinWindow {
  readonly base: bigint;
  readonly size: bigint;
  readonly node: Mapping;
  readonly captured: CapturedWindow | undefined;
}

const granule = 256n << 20n;
const waysMost = 16;

const bridgeOf = ({ bridges }: Topology, uid: number): string | undefined => bridges.find((one) => one.uid === uid)?.name;

function restrictionsOf(window: WindowStructure): string[] {
  const { type2, type3, ram, pmem, isFixed, backInvalidate } = window.restrictions;
  return Object.entries({ deviceCoherent: type2, hostOnlyCoherent: type3, volatile: ram, persistent: pmem, fixed: isFixed, backInvalidate }).filter(([, has]) => has).map(([name]) => name);
}

function nodeOf(topology: Topology, base: bigint, size: bigint, uids: readonly number[], granularity: number | undefined, more: readonly Entry[]): Mapping {
  return mapping(
    entry("targets", uids.map((uid) => bridgeOf(topology, uid) ?? "")), entry("base", { hex: base }), entry("size", sizeText(size)), entry("granularity", granularity === undefined || uids.length < 2 ? undefined : granularity), more,
  );
}

function ofTable(topology: Topology, window: WindowStructure, captured: CapturedWindow | undefined): TwinWindow {
  const maps = window.isXor ? (window.xorMaps ?? []).map((map) => `0x${map.toString(16)}`) : undefined;
  const more = [
    ...entry("arithmetic", window.isXor ? "xor" : undefined), ...entry("maps", maps === undefined || maps.length === 0 ? undefined : maps), ...entry("restrictions", restrictionsOf(window)), ...entry("qtg", window.qosClass === 0 ? undefined : window.qosClass),
  ];
  return { base: window.base, size: window.size, captured, node: nodeOf(topology, window.base, window.size, window.targets, window.granularity, more) };
}

/** What a root decoder shows of its window. */
function ofDecoder(sources: Sources, topology: Topology, captured: CapturedWindow, index: number): TwinWindow {
  const place = `window ${index}`;
  sources.findings.add("assumed", place, `modulo arithmetic${captured.ways === 1 ? "" : ", its interleave as listed"}, host-only coherent, not fixed: only the CEDT says it (--cedt)`);
  const shown = { deviceCoherent: captured.isAccelerator, hostOnlyCoherent: true, volatile: captured.isVolatile, persistent: captured.isPersistent };
  const restrictions = Object.entries(shown).filter(([, has]) => has).map(([name]) => name);
  const more = [...entry("restrictions", restrictions, "assumed: hostOnlyCoherent"), ...entry("qtg", captured.qosClass === undefined || captured.qosClass === 0 ? undefined : captured.qosClass)];
  const uids = captured.targets.map(({ id }) => id);
  return { base: captured.base ?? 0n, size: captured.size ?? 0n, captured, node: nodeOf(topology, captured.base ?? 0n, captured.size ?? 0n, uids, captured.granularity, more) };
}

/** Where the two disagree, the table is taken. */
function compare(sources: Sources, place: string, window: WindowStructure, captured: CapturedWindow): void {
  const differs = (what: string, listed: string, table: string): void => {
    if (listed !== table) sources.findings.add("conflict", place, `cxl list says ${what} ${listed}, the CEDT ${table}; the latter is taken`);
  };
  differs("size", String(captured.size), String(window.size));
  differs("ways", String(captured.ways), String(window.ways));
  if (window.ways > 1 && captured.granularity !== undefined) differs("granularity", String(captured.granularity), String(window.granularity));
  if (captured.targets.length === window.targets.length) differs("targets", captured.targets.map(({ id }) => id).join(","), window.targets.join(","));
}

const isUsable = ({ base, size }: { readonly base?: bigint | undefined; readonly size?: bigint | undefined }, targets: readonly number[], topology: Topology): boolean =>
  size !== undefined && size > 0n && base !== undefined && base % granule === 0n && size % granule === 0n && targets.length > 0 && targets.length <= waysMost && targets.every((uid) => bridgeOf(topology, uid) !== undefined);

export function windowsOf(sources: Sources, topology: Topology): TwinWindow[] {
  const listed = topology.bus.windows;
  const { findings, cedt } = sources;
  if (cedt === undefined) {
    return listed.flatMap((window, index) => {
      if (isUsable(window, window.targets.map(({ id }) => id), topology) && window.targets.length === window.ways) return [ofDecoder(sources, topology, window, index)];
      findings.add("difference", window.name, "a window without size, or without all its targets, is left out");
      return [];
    });
  }
  for (const { base, reason } of cedt.rejected) findings.add("difference", `window at 0x${base.toString(16)}`, `Linux does not take it: ${reason}`);
  for (const window of listed) if (window.base !== undefined && !cedt.windows.some(({ base }) => base === window.base)) findings.add("conflict", window.name, `the CEDT has no window at 0x${window.base.toString(16)}; are both of the same boot?`);
  return cedt.windows.flatMap((window, index) => {
    const captured = listed.find(({ base }) => base === window.base);
    const place = `window ${index}`;
    if (!isUsable(window, window.targets, topology)) {
      findings.add("difference", place, "is left out: it is empty, or one of its host bridges is not known");
      return [];
    }
    if (captured === undefined) findings.add("conflict", place, `cxl list shows no window at 0x${window.base.toString(16)}; the CEDT is taken`);
    else compare(sources, place, window, captured);
    return [ofTable(topology, window, captured)];
  });
}
