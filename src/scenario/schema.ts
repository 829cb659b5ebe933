// The scenario file's shape. Every object is strict; units are parsed on the way, so that what comes out is numbers.

import { z } from "zod";
import { commandNames, commands } from "../../registers/commands.ts";
import { commandSets } from "../../registers/payload-schema.ts";
import { errnoTable } from "../kernel/base/errno.ts";
import type { Errno } from "../kernel/base/errno.ts";
import { stepNames } from "../kernel/base/steps.ts";
import { deviceActionSchemas } from "./faults/device-faults.ts";
import type { outcomes } from "./expectations/schema.ts";
import { expectation, momentaryExpectation, texts } from "./expectations/schema.ts";
import { linkNames } from "./machine-links.ts";
import { qmpSchema } from "./faults/qmp.ts";
import { hostSchema } from "./settings.ts";
import { when } from "./faults/trigger-schema.ts";
import { bandwidth, count, named, size, time, whole } from "./values.ts";
import { verdictSchema } from "./verdict/settings.ts";
import { scenarioVersion } from "./version.ts";
import { workloadSchema } from "./workloads.ts";

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "a name starts with a letter and has letters, digits, - and _");

const serial = z.union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]{1,16}$/)]);

const depth = z.int().optional();
/** Fields of an answer by name; ranges are those of src/platform/mailbox-rules.ts. */
const answer = <F extends Readonly<Record<string, unknown>>>(fields: F) => z.strictObject(Object.fromEntries(Object.keys(fields).map((field) => [field, z.int().optional()])) as { readonly [K in keyof F]: z.ZodOptional<z.ZodInt> });
/** The command interface of a device; ranges are those of src/platform/mailbox-rules.ts. */
export const mailboxSchema = z.strictObject({
  payload: size.optional(),
  commandTime: time.optional(),
  readyTime: time.optional(),
  backgroundTime: time.optional(),
  without: z.array(named("command or set of commands", [...commandNames, ...commandSets])).optional(),
  logs: z.strictObject({ informational: depth, warning: depth, failure: depth, fatal: depth, dynamicCapacity: depth }).optional(),
  poisonList: z.int().optional(),
  injectLimit: z.int().optional(),
  partitionAlignment: size.optional(),
  firmware: z.array(z.string()).optional(),
  onlineActivation: z.boolean().optional(),
  activeSlot: z.int().min(1).max(4).optional(),
  revision: z.string().optional(),
  health: answer(commands.getHealth.output.fields).optional(),
  alerts: answer(commands.getAlerts.output.fields).optional(),
  dynamicRegions: z.array(z.strictObject({ length: size, block: size.optional() })).optional(),
  dynamicExtents: z.int().optional(),
});

/** One end of a link; what CXL runs at without flit mode. */
const link = z.strictObject({ speed: z.enum(linkNames).optional(), width: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8), z.literal(16)]).optional() });

const device = z.strictObject({
  name: name.optional(),
  volatile: size.optional(),
  persistent: size.optional(),
  labels: size.optional(),
  serial: serial.optional(),
  barSize: size.optional(),
  decoders: z.int().optional(),
  readLatency: time.optional(),
  writeLatency: time.optional(),
  bandwidth: bandwidth.optional(),
  link: link.optional(),
  interleave3612: z.boolean().optional(),
  interleave16: z.boolean().optional(),
  poisonOnDecodeError: z.boolean().optional(),
  backInvalidate: z.boolean().optional(),
  messages: z.enum(["msi", "msix"]).optional(),
  vectors: z.int().min(1).max(32).optional(),
  resetTime: time.optional(),
  mediaReadyTime: time.optional(),
  preservesVolatile: z.boolean().optional(),
  mailbox: mailboxSchema.optional(),
});

const isolation = z.strictObject({
  mem: z.boolean().optional(),
  forceLinkDown: z.boolean().optional(),
  timeout: z.boolean().optional(),
  timeoutRanges: z.enum(["", "A", "B", "AB", "BC", "ABC", "BCD", "ABCD"]).optional(),
  errCor: z.boolean().optional(),
  interrupt: z.union([z.int().min(0).max(31), z.literal(false)]).optional(),
  cache: z.boolean().optional(),
  cacheForceLinkDown: z.boolean().optional(),
  cacheTimeout: z.boolean().optional(),
  cacheTimeoutRanges: z.enum(["", "A", "B", "AB", "BC", "ABC", "BCD", "ABCD"]).optional(),
});

const portKeys = {
  name: name.optional(),
  portNumber: z.int().min(0).max(255).optional(),
  deviceNumber: z.int().min(0).max(31).optional(),
  hotplug: z.boolean().optional(),
  dpc: z.boolean().optional(),
  powerController: z.boolean().optional(),
  backInvalidate: z.boolean().optional(),
  linkTrainingTime: time.optional(),
  link: link.optional(),
  device: device.optional(),
  present: z.boolean().optional(),
};

/** A switch with its downstream ports, which take devices and further switches. */
const switchCard = z.strictObject({
  name: name.optional(),
  serial: serial.optional(),
  decoders: z.int().optional(),
  targets: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]).optional(),
  poisonOnDecodeError: z.boolean().optional(),
  backInvalidate: z.boolean().optional(),
  latency: time.optional(),
  bandwidth: bandwidth.optional(),
  link: link.optional(),
  get ports() {
    return z.array(downstreamPort).min(1).max(32);
  },
});

const downstreamPort = z.strictObject({
  ...portKeys,
  get switch() {
    return switchCard.optional();
  },
  get alternates() {
    return z.array(z.union([device, z.strictObject({ switch: switchCard })])).max(8).optional();
  },
});

const rootPort = z.strictObject({
  ...portKeys,
  switch: switchCard.optional(),
  alternates: z.array(z.union([device, z.strictObject({ switch: switchCard })])).max(8).optional(),
  isolation: z.union([isolation, z.literal(false)]).optional(),
  inFlight: z.int().min(1).max(256).optional(),
  snoopFilter: z.strictObject({ group: z.int().min(0).max(0xffff), capacity: size }).optional(),
});

/** HMAT has latencies in picoseconds, and the system takes 32 bits of them. */
const wayTime = time.refine((value) => value >= 1 && value <= 4_294_967, "a latency of HMAT is 1ns to 4294967ns");

const hostBridge = z.strictObject({
  name: name.optional(),
  uid: count.optional(),
  segment: z.int().min(0).max(0xffff).optional(),
  buses: z.tuple([z.int().min(0).max(255), z.int().min(0).max(255)]).optional(),
  registers: whole.optional(),
  decoders: z.int().optional(),
  passthrough: z.boolean().optional(),
  targets: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]).optional(),
  poisonOnDecodeError: z.boolean().optional(),
  performance: z.strictObject({ readLatency: wayTime, writeLatency: wayTime.optional(), readBandwidth: bandwidth, writeBandwidth: bandwidth.optional() }).optional(),
  rootPorts: z.array(rootPort).min(1).max(32),
});

export const machineSchema = z.strictObject({
  hostBridges: z.array(hostBridge).min(1).max(16),
  memory: size.optional(),
  watchdog: time.optional(),
  cache: z.strictObject({ size, ways: z.int().min(1).max(64), latency: time }).partial().optional(),
  costs: z.strictObject({ config: time, mmioRead: time, mmioWrite: time, memory: time }).partial().optional(),
  implementation: z
    .strictObject({ timeoutInstant: z.enum(["earliest", "middle", "latest"]), decoderCommitTime: time, isolationResponseTime: time, messageOrder: z.enum(["isolation-first", "hotplug-first"]), switchDeadPort: z.enum(["no-response", "all-ones"]), clearWhileBusy: z.enum(["ignored", "ends"]), cacheInvalidation: z.boolean() })
    .partial()
    .optional(),
  limits: z.strictObject({ mediaPages: z.int(), traceRecords: z.int(), requesters: z.int() }).partial().optional(),
});

export const restrictionNames = ["deviceCoherent", "hostOnlyCoherent", "volatile", "persistent", "fixed", "backInvalidate"] as const;

const window = z.strictObject({
  targets: z.array(z.string()).min(1).max(16),
  size,
  base: size.optional(),
  granularity: size.optional(),
  arithmetic: z.enum(["modulo", "xor"]).optional(),
  maps: z.array(z.string().regex(/^0x[0-9a-fA-F]{1,13}$/, "a bitmap of address bits is written like 0x2020900")).max(4).optional(),
  restrictions: z.array(z.enum(restrictionNames)).optional(),
  qtg: z.int().min(0).max(0xffff).optional(),
});

/** A QoS throttling group of the firmware's _DSM: bounds of what it suits. */
const throttlingGroup = z.strictObject({ id: z.int().min(0).max(0xffff), readLatency: time.optional(), writeLatency: time.optional(), readBandwidth: bandwidth.optional(), writeBandwidth: bandwidth.optional() });

/** What firmware decodes and keeps apart before the operating system runs (src/platform/firmware-setup.ts). */
const firmwareRegion = z.strictObject({
  targets: z.array(z.string()).min(1).max(16),
  window: z.int().min(0).optional(),
  size: size.optional(),
  base: whole.optional(),
  granularity: size.optional(),
  locked: z.boolean().optional(),
  softReserved: z.boolean().optional(),
});
const firmwareDecoder = z.strictObject({
  of: z.string(),
  index: z.int().min(0).max(31).optional(),
  base: whole,
  size,
  ways: z.int().optional(),
  granularity: size.optional(),
  targets: z.array(z.int().min(0).max(255)).max(8).optional(),
  skip: size.optional(),
  locked: z.boolean().optional(),
  committed: z.boolean().optional(),
});

const message = z.int().min(0).max(31).optional();
const repeats = z.int().min(1).optional();
/** A function is a port, a switch or a device; `port` is the older word for it. */
const functionKeys = { of: z.string().optional(), port: z.string().optional(), message, count: repeats };
const header = z.array(z.int().min(0).max(0xffff_ffff)).max(16).optional();
const lines = z.strictObject({ device: z.string(), dpa: size, length: size.optional() });
const bits = z.strictObject({ of: z.string(), field: z.string(), value: count });

/** A step of the kernel fails; the table of steps is the kernel's own. */
const kernelStep = z.strictObject({
  step: named("kernel step", stepNames),
  of: z.string().min(1).optional(),
  errno: named("error number", Object.keys(errnoTable) as readonly Errno[]).optional(),
  nth: z.int().min(1).optional(),
  count: repeats,
});

/** What a fault does; docs/faults.md has a row for each. */
export const actionSchemas = {
  linkDown: z.string(),
  linkUp: z.string(),
  neverRetrain: z.string(),
  linkFlap: z.strictObject({ port: z.string(), time }),
  dropResponse: z.strictObject({ port: z.string(), count: repeats }),
  delayResponse: z.strictObject({ port: z.string(), by: time, count: repeats }),
  cacheTimeout: z.string(),
  loseInterrupt: z.strictObject(functionKeys),
  duplicateInterrupt: z.strictObject(functionKeys),
  delayInterrupt: z.strictObject({ ...functionKeys, by: time }),
  replaceDevice: z.strictObject({ port: z.string(), with: z.string() }),
  plug: z.strictObject({ port: z.string(), card: z.string() }),
  unplug: z.string(),
  rasError: z.strictObject({ of: z.string(), uncorrectable: z.string().optional(), correctable: z.string().optional(), header }),
  poison: lines,
  clearPoison: lines,
  mediaState: z.strictObject({ device: z.string(), state: z.enum(["ready", "not-ready", "error", "disabled"]) }),
  stuckRegister: bits,
  corruptRegister: bits,
  writeRegister: bits,
  releaseRegister: z.strictObject({ of: z.string(), field: z.string() }),
  refuseCommit: z.strictObject({ of: z.string(), count: repeats }),
  neverCommit: z.strictObject({ of: z.string(), count: repeats }),
  lateCommit: z.strictObject({ of: z.string(), by: time, count: repeats }),
  resetDevice: z.string(),
  kernelStep,
  ...deviceActionSchemas,
  qmp: qmpSchema,
} as const;

/** One of the actions; that there is one is checked with the machine. */
export const action = z.strictObject(actionSchemas).partial().refine((value) => Object.values(value).filter((one) => one !== undefined).length <= 1, "a fault does exactly one thing; write a second fault");

/** One thing after the other, between boot and `ready`. */
const step = z.union([
  z.strictObject({ run: z.string().min(1), exit: z.int().optional(), stdout: texts.optional(), stderr: texts.optional() }),
  z.strictObject({ advance: time }),
  z.strictObject({ settle: z.literal(true) }),
  z.strictObject({ until: z.string().min(1), within: time.optional() }),
  z.strictObject({ inject: action }),
  z.strictObject({ expect: z.array(momentaryExpectation).min(1).max(100) }),
]);

/** A driver that the scenario brings: a path below its folder, with what it is told (docs/contained-drivers.md). */
const driverPath = z.string().min(1);
const driverFile = z.strictObject({ file: driverPath, parameters: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "a parameter's name starts with a letter and has letters, digits, - and _"), z.union([z.string(), z.int(), z.boolean()])).optional() });

/** The host is rebooted where the run has ended; what then holds. */
const rebootKind = z.enum(["warm", "cold"]);
const reboot = z.union([rebootKind, z.strictObject({ kind: rebootKind, firmwareClearsIsolation: z.boolean().optional(), expect: z.array(momentaryExpectation).min(1).max(100).optional() })]);

/** A file laid under this one, by its path in the folder (src/scenario/include.ts). */
const includedPath = z.string().min(1);

export const scenarioSchema = z.strictObject({
  version: z.literal(scenarioVersion),
  include: z.union([includedPath, z.array(includedPath).min(1).max(32)]).optional(),
  name: z.string().min(1),
  description: z.string().optional(),
  driver: z.union([driverPath, driverFile, z.array(z.union([driverPath, driverFile])).min(1).max(16)]).optional(),
  machine: machineSchema,
  firmware: z
    .strictObject({ windows: z.array(window).max(16), regions: z.array(firmwareRegion).max(64), decoders: z.array(firmwareDecoder).max(256), softReserved: z.array(z.strictObject({ base: whole, size })).max(32), qos: z.array(throttlingGroup).max(64) })
    .partial()
    .optional(),
  kernel: z.strictObject({ preset: z.string(), policies: z.record(z.string(), z.union([z.string(), z.int()])), builtIn: z.array(z.string()).max(32), modules: z.array(z.string()).max(32) }).partial().optional(),
  host: hostSchema.optional(),
  verdict: verdictSchema.optional(),
  reboot: reboot.optional(),
  steps: z.array(step).max(1000).optional(),
  workloads: z.array(workloadSchema).max(256).optional(),
  faults: z.array(z.strictObject({ id: name, when, do: action, optional: z.boolean().optional() })).max(64).optional(),
  expect: z.array(expectation).max(200).optional(),
  limits: z.strictObject({ time, steps: z.int().min(1) }).partial().optional(),
});

export type ScenarioFile = z.output<typeof scenarioSchema>;
export type MachineFile = z.output<typeof machineSchema>;
export type Outcome = (typeof outcomes)[number];

/** Parts that stand on their own in the JSON Schema (src/scenario/json-schema.ts). */
export const scenarioParts = {
  device, mailbox: mailboxSchema, link, isolation, switch: switchCard, downstreamPort, rootPort, hostBridge, machine: machineSchema, window, throttlingGroup, firmwareRegion, firmwareDecoder,
  action, when, step, momentaryExpectation, expectation, workload: workloadSchema, host: hostSchema, verdict: verdictSchema, driverFile,
} as const;
