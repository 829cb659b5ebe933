// From the `machine:` and `firmware:` parts of a file to a machine description: defaults, names, addresses. Reports what cannot be.

import type { DeviceDescription, HostBridgeDescription, MachineDescription, RootPortDescription, WindowDescription } from "../platform/description.ts";
import type { Path } from "./load.ts";
import type { PolicyValues } from "./policies.ts";
import type { MachineFile, ScenarioFile } from "./schema.ts";
import { suggestion } from "./suggest.ts";

/** A problem at a path of the file. */
export interface PathProblem {
  readonly path: Path;
  readonly message: string;
}

type HostBridgeFile = MachineFile["hostBridges"][number];
type RootPortFile = HostBridgeFile["rootPorts"][number];
type DeviceFile = NonNullable<RootPortFile["device"]>;

const granule = 256n << 20n;
const componentBlock = 0x1_0000n;
const rangeBits = { "": 0, A: 1, B: 2, AB: 3, BC: 6, ABC: 7, BCD: 14, ABCD: 15 } as const;
const encodableWays = [1, 2, 4, 8, 16];

interface Naming {
  ports: number;
  devices: number;
  bus: number;
  readonly problems: PathProblem[];
  readonly names: Map<string, Path>;
}

function claim(naming: Naming, name: string, path: Path): string {
  const before = naming.names.get(name);
  if (before !== undefined) naming.problems.push({ path, message: `the name "${name}" is taken by ${before.join(".")}; give one of them another name` });
  naming.names.set(name, path);
  return name;
}

function describeDevice(naming: Naming, file: DeviceFile, fallback: string, path: Path): DeviceDescription {
  const number = ++naming.devices;
  if (file.volatile % granule !== 0n || file.volatile === 0n) naming.problems.push({ path: [...path, "volatile"], message: `capacity must be a positive multiple of 256MiB (decoder granularity, 8.2.4.20)` });
  return {
    name: claim(naming, file.name ?? fallback, path),
    volatileCapacity: file.volatile,
    serial: file.serial === undefined ? BigInt(number) : BigInt(file.serial),
    barSize: file.barSize ?? 262_144n,
    decoders: file.decoders ?? 4,
    readLatency: file.readLatency ?? 250,
    writeLatency: file.writeLatency ?? 200,
    interleave3612: false,
    interleave16: true,
    mediaReadyTime: file.mediaReadyTime ?? 10_000,
    preservesVolatile: file.preservesVolatile ?? false,
  };
}

function describePort(naming: Naming, file: RootPortFile, portNumber: number, path: Path): RootPortDescription {
  const index = naming.ports++;
  const name = claim(naming, file.name ?? `rp${index}`, path);
  const isolation = file.isolation === undefined || file.isolation === false ? null : file.isolation;
  const slots: DeviceDescription[] = [];
  if (file.device !== undefined) slots.push(describeDevice(naming, file.device, `dev${index}`, [...path, "device"]));
  for (const [number, alternate] of (file.alternates ?? []).entries()) slots.push(describeDevice(naming, alternate, `dev${index}-alternate${number}`, [...path, "alternates", number]));
  return {
    name,
    portNumber,
    isolation:
      isolation === null
        ? null
        : {
            memory: isolation.mem ?? true,
            memoryLinkDown: isolation.forceLinkDown ?? false,
            timeout: isolation.timeout ?? true,
            timeoutRanges: rangeBits[isolation.timeoutRanges ?? "A"],
            errCor: isolation.errCor ?? false,
            interruptMessage: isolation.interrupt === false || isolation.interrupt === undefined ? -1 : isolation.interrupt,
          },
    inFlight: file.inFlight ?? 64,
    hotplug: file.hotplug ?? true,
    linkTrainingTime: file.linkTrainingTime ?? 20_000_000,
    slots,
    present: file.device !== undefined && (file.present ?? true),
  };
}

function describeBridge(naming: Naming, file: HostBridgeFile, index: number, componentBase: bigint): HostBridgeDescription {
  const path: Path = ["machine", "hostBridges", index];
  const [busStart, busEnd] = file.buses ?? [naming.bus, naming.bus + file.rootPorts.length];
  if (busEnd - busStart < file.rootPorts.length) naming.problems.push({ path: [...path, "buses"], message: `${file.rootPorts.length} root ports need ${file.rootPorts.length + 1} buses, ${busStart}..${busEnd} has ${busEnd - busStart + 1}; widen the range` });
  if (busEnd > 255) naming.problems.push({ path, message: `out of bus numbers at bus ${busEnd}; put this bridge into another segment (segment: 1) and give buses: [0, ${file.rootPorts.length}]` });
  naming.bus = busEnd + 1;
  return {
    name: claim(naming, file.name ?? `hb${index}`, path),
    uid: file.uid ?? index,
    segment: file.segment ?? 0,
    busStart,
    busEnd,
    componentBase,
    decoders: file.decoders ?? 8,
    targetCount: file.targets ?? 8,
    rootPorts: file.rootPorts.map((port, number) => describePort(naming, port, number, [...path, "rootPorts", number])),
  };
}

function describeWindows(naming: Naming, scenario: Pick<ScenarioFile, "firmware">, bridges: readonly HostBridgeDescription[], from: bigint): WindowDescription[] {
  const files = scenario.firmware?.windows ?? [];
  const windows: WindowDescription[] = [];
  let next = from;
  for (const [index, file] of files.entries()) {
    const path: Path = ["firmware", "windows", index];
    const targets = file.targets.map((name, position) => {
      const found = bridges.findIndex((bridge) => bridge.name === name);
      if (found < 0) naming.problems.push({ path: [...path, "targets", position], message: `no host bridge "${name}"; ${suggestion(name, bridges.map((bridge) => bridge.name))}` });
      return Math.max(0, found);
    });
    if (!encodableWays.includes(targets.length)) naming.problems.push({ path: [...path, "targets"], message: `a window over ${targets.length} host bridges cannot be decoded here; use 1, 2, 4, 8 or 16 targets` });
    const granularity = Number(file.granularity ?? 256n);
    if (granularity < 256 || granularity > 16_384 || (granularity & (granularity - 1)) !== 0) naming.problems.push({ path: [...path, "granularity"], message: `granularity ${granularity} is not a power of two from 256 to 16KiB` });
    if (file.size % granule !== 0n || file.size === 0n) naming.problems.push({ path: [...path, "size"], message: "a window's size is a positive multiple of 256MiB (9.18.1.3)" });
    const base = file.base ?? next;
    if (base % granule !== 0n) naming.problems.push({ path: [...path, "base"], message: "a window's base is a multiple of 256MiB (9.18.1.3)" });
    for (const [other, window] of windows.entries()) {
      if (base < window.base + window.size && window.base < base + file.size) naming.problems.push({ path, message: `window ${index} overlaps window ${other}; leave out base, or move one of them` });
    }
    windows.push({ base, size: file.size, ways: targets.length, granularity, targets });
    next = ((base + file.size + granule - 1n) / granule) * granule;
  }
  return windows;
}

export interface DescribedMachine {
  readonly machine: MachineDescription;
  readonly problems: readonly PathProblem[];
}

/** Fills in defaults and addresses: host DRAM at 0, CHBCRs above it, then the windows. */
export function describeMachine(scenario: Pick<ScenarioFile, "machine" | "firmware">, values: Pick<PolicyValues, "isoexit" | "platform">): DescribedMachine {
  const file = scenario.machine;
  const naming: Naming = { ports: 0, devices: 0, bus: 0x0c, problems: [], names: new Map() };
  const memory = file.memory ?? 1n << 30n;
  const componentStart = ((memory > 4n << 30n ? memory : 4n << 30n) / granule + 1n) * granule;
  const bridges = file.hostBridges.map((bridge, index) => describeBridge(naming, bridge, index, componentStart + BigInt(index) * componentBlock));
  const windows = describeWindows(naming, scenario, bridges, componentStart + granule);
  for (const [index, window] of windows.entries()) {
    if (window.base < componentStart + granule) naming.problems.push({ path: ["firmware", "windows", index, "base"], message: `a window at 0x${window.base.toString(16)} lies over host memory or registers; start at 0x${(componentStart + granule).toString(16)} or above` });
  }
  const machine: MachineDescription = {
    hostBridges: bridges,
    windows,
    ram: [{ base: 0n, size: memory }],
    costs: { config: file.costs?.config ?? 400, mmioRead: file.costs?.mmioRead ?? 500, mmioWrite: file.costs?.mmioWrite ?? 100, memory: file.costs?.memory ?? 90 },
    platformFailure: values.platform as MachineDescription["platformFailure"],
    watchdogTime: file.watchdog ?? 10_000_000_000,
    implementation: {
      isolationExit: values.isoexit as MachineDescription["implementation"]["isolationExit"],
      timeoutInstant: file.implementation?.timeoutInstant ?? "middle",
      decoderCommitTime: file.implementation?.decoderCommitTime ?? 0,
      isolationResponseTime: file.implementation?.isolationResponseTime ?? 100,
      messageOrder: file.implementation?.messageOrder ?? "isolation-first",
    },
    limits: { mediaPages: file.limits?.mediaPages ?? 2048, traceRecords: file.limits?.traceRecords ?? 16_384, probes: 128, requesters: file.limits?.requesters ?? 1024 },
  };
  return { machine, problems: naming.problems };
}
