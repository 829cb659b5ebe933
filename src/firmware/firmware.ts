// What a BIOS leaves behind: tables in memory, the ACPI view of host bridges, _OSC, decoders that it committed, and, where it owns isolation,
// armed root ports.

import { cacheMemoryRange } from "../../registers/blocks.ts";
import { dvsecLocatorPort } from "../../registers/dvsec.ts";
import { bridgeHeader } from "../../registers/pci.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { configBus, findComponentCapability, findDvsec } from "../platform/config-walk.ts";
import type { HostBridgeDescription, MachineDescription } from "../platform/description.ts";
import { deviceNumberOf } from "../platform/description.ts";
import { pciAddress } from "../platform/pci-address.ts";
import type { FirmwareSetup, ThrottlingGroup } from "../platform/firmware-setup.ts";
import type { AccessFigures, AcpiHostBridge, FirmwareInterface, MemoryMapEntry, OscRequest, Platform } from "../platform/platform.ts";
import type { StructureAccess } from "../platform/registers.ts";
import { structureAt } from "../platform/registers.ts";
import type { ErrorSection, ErrorSources } from "./error-sources.ts";
import { createErrorSources, hestBody, placeSources } from "./error-sources.ts";
import { planDecoders } from "./plan-decoders.ts";
import { programDecoders } from "./program-decoders.ts";
import type { GenericPort, WindowRestrictions } from "./tables.ts";
import { buildCedt, buildHest, buildHmat, buildSrat, placeTables, restrictionBits } from "./tables.ts";

/** POL-ISOOWN: who may touch the isolation enable bit, and who is told (timeout-isolation sheet, section 9). */
export type IsolationOwner = "os" | "firmware-enable" | "firmware-notify";

export interface FirmwareOptions {
  readonly isolationOwner: IsolationOwner;
  /** Firmware clears an isolation status that it finds (RW1CS: it lives through a warm reset); absent: it stays. */
  readonly clearsIsolation?: boolean;
  /** Firmware reads the event logs of memory devices itself; absent: the system does. */
  readonly keepsMemoryErrors?: boolean;
  /** Errors come to firmware first (POL-MCESRC), and every processor is in firmware for `time` virtual ns per check; absent: they do not. */
  readonly errors?: { readonly time: number };
  readonly restrictions: WindowRestrictions;
  /** What it decodes and keeps apart before the operating system runs; absent: nothing. */
  readonly setup?: FirmwareSetup;
}

/** What firmware needs beside the platform: memory as it is at power-on, and its own eyes on a port. */
export interface FirmwareTarget {
  readonly platform: Omit<Platform, "firmware">;
  writeRam(address: bigint, bytes: Uint8Array): void;
  /** True while the root port is isolated and was to say so by ERR_COR; read without the CPU's help. */
  isToldOf(port: string): boolean;
}

export interface Firmware extends FirmwareInterface {
  /** Looks whether a port has isolated since the last look and queues the ACPI notify if that is firmware's to do. */
  poll(): void;
  /** A record that firmware makes by itself, as an error that it was told to inject; nothing where errors do not come to it first. */
  reportError(sections: readonly ErrorSection[]): void;
  /** The same firmware on another machine that is in the same state, where nothing was looked at yet. */
  on(target: FirmwareTarget): Firmware;
}

const tablesAt = 0xe_0000n;
const registerWindow = 64n << 30n;
const notifyIsolation = 0x80;

const alignUp = (value: bigint, to: bigint): bigint => ((value + to - 1n) / to) * to;

/** Windows for BARs, one per host bridge, above everything else. */
function registerWindows(machine: MachineDescription): { readonly base: bigint; readonly size: bigint }[] {
  const ends = [...machine.ram, ...machine.windows].map((range) => range.base + range.size);
  const bridges = machine.hostBridges.map((bridge) => bridge.componentBase + BigInt(cacheMemoryRange.blockSize));
  const top = [...ends, ...bridges].reduce((highest, end) => (end > highest ? end : highest), 4n << 30n);
  return machine.hostBridges.map((_, index) => ({ base: alignUp(top, registerWindow) + BigInt(index) * registerWindow, size: registerWindow }));
}

function describeBridges(machine: MachineDescription): AcpiHostBridge[] {
  const windows = registerWindows(machine);
  return machine.hostBridges.map((bridge, index) => ({ hid: "ACPI0016", uid: bridge.uid, segment: bridge.segment, busStart: bridge.busStart, busEnd: bridge.busEnd, memory: windows.slice(index, index + 1) }));
}

/** Domain of the processors and of host memory; generic ports have those behind it. */
const hostDomain = 0;

/** Host bridges that the machine gives figures of. */
const genericPorts = (machine: MachineDescription): GenericPort[] =>
  machine.hostBridges.flatMap(({ uid, performance }, index) => (performance === undefined ? [] : [{ uid, proximityDomain: hostDomain + 1 + index, figures: performance }]));

const picoseconds = 1000;

const suits = (group: ThrottlingGroup, figures: AccessFigures): boolean =>
  figures.readLatency <= (group.readLatency ?? Infinity) * picoseconds && figures.writeLatency <= (group.writeLatency ?? Infinity) * picoseconds
  && figures.readBandwidth >= (group.readBandwidth ?? 0) && figures.writeBandwidth >= (group.writeBandwidth ?? 0);

/** The groups that firmware knows: those of the file, or the windows' own where bridges have figures. */
function throttlingGroups(machine: MachineDescription, setup: FirmwareSetup | undefined): readonly ThrottlingGroup[] {
  if (setup?.throttlingGroups !== undefined) return setup.throttlingGroups;
  return genericPorts(machine).length === 0 ? [] : [...new Set(machine.windows.map((window) => window.qtg ?? 0))].map((id) => ({ id }));
}

function placeAcpiTables(target: FirmwareTarget, machine: MachineDescription, { restrictions, errors }: FirmwareOptions): bigint {
  const bridges = machine.hostBridges.map((bridge) => ({ uid: bridge.uid, componentBase: bridge.componentBase }));
  const windows = machine.windows.map((window) => ({
    base: window.base, size: window.size, ways: window.ways, granularity: window.granularity,
    restrictions: window.restrictions ?? restrictionBits(restrictions), qosClass: window.qtg ?? 0,
    targets: window.targets.map((index) => machine.hostBridges[index]?.uid ?? 0),
    ...(window.arithmetic === "xor" ? { xorMaps: window.xorMaps ?? [] } : {}),
  }));
  const srat = machine.ram.map((range) => ({ base: range.base, size: range.size, proximityDomain: hostDomain, isHotPluggable: false }));
  const ports = genericPorts(machine);
  const placed = placeTables(tablesAt, [buildCedt(bridges, windows), buildSrat(srat, ports), ...(ports.length === 0 ? [] : [buildHmat(hostDomain, ports)]), ...(errors === undefined ? [] : [buildHest(hestBody())])]);
  if (errors !== undefined) placeSources(target);
  for (const table of placed) target.writeRam(table.address, table.bytes);
  return placed[0]?.address ?? tablesAt;
}

type IsolationRegisters = StructureAccess<typeof timeoutIsolation>;

/** Firmware's own way to a root port's isolation registers: BAR for a moment, then BAR and command as before. */
function atIsolation(target: FirmwareTarget, bridge: HostBridgeDescription, deviceNumber: number, at: bigint, use: (registers: IsolationRegisters) => void): void {
  const bus = configBus(target.platform.config, pciAddress(bridge.segment, bridge.busStart, deviceNumber, 0));
  const locator = findDvsec(bus, dvsecLocatorPort.identity.id);
  if (locator === 0) return;
  const header = structureAt(bus, 0, bridgeHeader);
  header.bar0.writeRaw(at & 0xffff_ffffn);
  header.bar1.writeRaw(at >> 32n);
  header.command.modify({ memorySpaceEnable: 1 });
  const handle = target.platform.ioremap(at + BigInt(cacheMemoryRange.offset), BigInt(cacheMemoryRange.size));
  const offset = findComponentCapability(handle, timeoutIsolation.identity.id);
  if (offset !== 0) use(structureAt(handle, offset, timeoutIsolation));
  handle.unmap();
  header.command.modify({ memorySpaceEnable: 0 });
  header.bar0.writeRaw(0n);
  header.bar1.writeRaw(0n);
}

function armPort({ capability, control }: IsolationRegisters): void {
  const can = capability.read();
  control.modify({ memoryTimeoutEnable: can.memoryTimeout, memoryIsolationEnable: can.memoryIsolation });
}

/** Firmware is the one that is told, and hears by ERR_COR (sheet 9: that way wants cap[25]). */
const hearErrCor = ({ capability, control }: IsolationRegisters): void => control.modify({ errCorEnable: capability.get("errCorSignaling") });

const clearStatus = ({ status }: IsolationRegisters): void =>
  status.write({ memoryTimeout: 1, cacheTimeout: 1, memoryIsolation: 1, memoryIsolationLinkDown: 1, cacheIsolation: 1, cacheIsolationLinkDown: 1 });

/** The memory map: host memory, and what is kept for special purposes; ascending. */
function memoryMap(machine: MachineDescription, setup: FirmwareSetup | undefined): MemoryMapEntry[] {
  const entries: MemoryMapEntry[] = [
    ...machine.ram.map((range) => ({ ...range, kind: "usable" as const })),
    ...(setup?.softReserved ?? []).map((range) => ({ ...range, kind: "soft-reserved" as const })),
  ];
  return entries.toSorted((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
}

/** Builds tables, programs decoders, arms what firmware owns, and returns the interface that the operating system sees. */
export function installFirmware(target: FirmwareTarget, machine: MachineDescription, options: FirmwareOptions): Firmware {
  const hostBridges = describeBridges(machine);
  const xsdt = placeAcpiTables(target, machine, options);
  const uses = [...(options.clearsIsolation === true ? [clearStatus] : []), ...(options.isolationOwner === "firmware-enable" ? [armPort] : []), ...(options.isolationOwner === "firmware-notify" ? [hearErrCor] : [])];
  for (const use of uses) {
    for (const [index, bridge] of machine.hostBridges.entries()) {
      for (const [place, port] of bridge.rootPorts.entries()) atIsolation(target, bridge, deviceNumberOf(port, place), hostBridges[index]?.memory[0]?.base ?? 0n, use);
    }
  }
  const decoders = options.setup === undefined ? [] : planDecoders(machine, options.setup);
  if (decoders.length > 0) programDecoders(target.platform, machine, hostBridges, decoders);
  return createInterface({ machine, options, hostBridges, xsdt }, target);
}

/** What an installed firmware knows; none of it changes. */
interface Installed {
  readonly machine: MachineDescription;
  readonly options: FirmwareOptions;
  readonly hostBridges: readonly AcpiHostBridge[];
  readonly xsdt: bigint;
}

function createInterface(installed: Installed, target: FirmwareTarget): Firmware {
  const { machine, options, hostBridges, xsdt } = installed;
  const pending: { readonly uid: number; readonly value: number }[] = [];
  const seen = new Set<string>();
  const granted = (request: OscRequest): OscRequest => ({
    isolationControl: request.isolationControl && options.isolationOwner !== "firmware-enable",
    isolationNotification: request.isolationNotification && options.isolationOwner === "os",
    memoryErrors: request.memoryErrors === true && options.keepsMemoryErrors !== true,
  });
  const groups = throttlingGroups(machine, options.setup);
  const errors: ErrorSources | undefined = options.errors === undefined ? undefined : createErrorSources(target, options.errors.time);
  return {
    ...(errors === undefined ? {} : { errors }),
    reportError: (sections) => errors?.report(sections),
    ...(groups.length === 0 ? {} : { qtgIds: (figures: AccessFigures) => groups.filter((group) => suits(group, figures)).map(({ id }) => id) }),
    xsdt,
    memoryMap: memoryMap(machine, options.setup),
    hostBridges,
    osc: (_uid, request) => granted(request),
    on: (other) => createInterface(installed, other),
    takeNotify: () => pending.shift(),
    poll: () => {
      if (options.isolationOwner !== "firmware-notify") return;
      for (const bridge of machine.hostBridges) {
        for (const port of bridge.rootPorts) {
          const isToldOf = target.isToldOf(port.name);
          if (isToldOf && !seen.has(port.name)) pending.push({ uid: bridge.uid, value: notifyIsolation });
          if (isToldOf) seen.add(port.name);
          else seen.delete(port.name);
        }
      }
    },
  };
}
