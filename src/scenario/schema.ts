// The scenario file's shape. Every object is strict; units are parsed on the way, so that what comes out is numbers.

import { z } from "zod";
import { parsePercent, parseRate, parseSize, parseTime } from "./units.ts";

function unit<T>(what: string, example: string, parse: (text: string) => T | undefined) {
  return z.union([z.string(), z.number()]).transform((value, context): T => {
    const parsed = parse(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `"${value}" is no ${what}; write it like ${example}` });
    return z.NEVER;
  });
}

export const size = unit("size", "256MiB or 4GiB", parseSize);
export const time = unit("time", "5ms, 100us or 2s", parseTime);
export const rate = unit("rate", "1M/s, 200k/s or 50/s", parseRate);
export const percent = unit("percentage", "70%", parsePercent);
const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "a name starts with a letter and has letters, digits, - and _");
const count = z.int().min(0);

const device = z.strictObject({
  name: name.optional(),
  volatile: size,
  serial: z.union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]{1,16}$/)]).optional(),
  barSize: size.optional(),
  decoders: z.int().optional(),
  readLatency: time.optional(),
  writeLatency: time.optional(),
  mediaReadyTime: time.optional(),
  preservesVolatile: z.boolean().optional(),
});

const isolation = z.strictObject({
  mem: z.boolean().optional(),
  forceLinkDown: z.boolean().optional(),
  timeout: z.boolean().optional(),
  timeoutRanges: z.enum(["", "A", "B", "AB", "BC", "ABC", "BCD", "ABCD"]).optional(),
  errCor: z.boolean().optional(),
  interrupt: z.union([z.int().min(0).max(31), z.literal(false)]).optional(),
});

const rootPort = z.strictObject({
  name: name.optional(),
  isolation: z.union([isolation, z.literal(false)]).optional(),
  inFlight: z.int().min(1).max(256).optional(),
  hotplug: z.boolean().optional(),
  linkTrainingTime: time.optional(),
  device: device.optional(),
  alternates: z.array(device).max(8).optional(),
  present: z.boolean().optional(),
});

const hostBridge = z.strictObject({
  name: name.optional(),
  uid: count.optional(),
  segment: z.int().min(0).max(0xffff).optional(),
  buses: z.tuple([z.int().min(0).max(255), z.int().min(0).max(255)]).optional(),
  decoders: z.int().optional(),
  targets: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]).optional(),
  rootPorts: z.array(rootPort).min(1).max(8),
});

export const machineSchema = z.strictObject({
  hostBridges: z.array(hostBridge).min(1).max(8),
  memory: size.optional(),
  watchdog: time.optional(),
  costs: z.strictObject({ config: time, mmioRead: time, mmioWrite: time, memory: time }).partial().optional(),
  implementation: z
    .strictObject({ timeoutInstant: z.enum(["earliest", "middle", "latest"]), decoderCommitTime: time, isolationResponseTime: time, messageOrder: z.enum(["isolation-first", "hotplug-first"]) })
    .partial()
    .optional(),
  limits: z.strictObject({ mediaPages: z.int(), traceRecords: z.int(), requesters: z.int() }).partial().optional(),
});

const window = z.strictObject({ targets: z.array(z.string()).min(1).max(16), size, base: size.optional(), granularity: size.optional() });

const workload = z.union([
  z.strictObject({ vm: z.strictObject({ name, memory: z.string(), rate: rate.optional(), reads: percent.optional(), vcpus: z.int().min(1).max(64).optional(), outstanding: z.int().min(1).max(64).optional() }) }),
  z.strictObject({ kernelReader: z.strictObject({ name, memory: z.string(), rate: rate.optional() }) }),
  z.strictObject({ pin: z.strictObject({ name, memory: z.string(), until: time.optional() }) }),
]);

const direction = z.enum(["read", "write", "any"]);
const from = z.enum(["boot", "ready"]).optional();
const when = z.union([
  z.strictObject({ at: time, from }),
  z.strictObject({ access: z.strictObject({ of: z.string(), register: z.string(), direction: direction.optional(), nth: z.int().min(1).optional() }), from }),
  z.strictObject({ request: z.strictObject({ port: z.string().optional(), direction: direction.optional(), nth: z.int().min(1).optional() }), from }),
  z.strictObject({ register: z.strictObject({ of: z.string(), field: z.string(), equals: count }), from }),
  z.strictObject({ after: z.string().min(1), from }),
]);

const action = z.union([
  z.strictObject({ linkDown: z.string() }),
  z.strictObject({ linkUp: z.string() }),
  z.strictObject({ neverRetrain: z.string() }),
  z.strictObject({ dropResponse: z.strictObject({ port: z.string(), count: z.int().min(1).optional() }) }),
  z.strictObject({ delayResponse: z.strictObject({ port: z.string(), by: time, count: z.int().min(1).optional() }) }),
  z.strictObject({ loseInterrupt: z.strictObject({ port: z.string(), message: z.int().min(0).max(31).optional(), count: z.int().min(1).optional() }) }),
  z.strictObject({ replaceDevice: z.strictObject({ port: z.string(), with: z.string() }) }),
]);

const bounds = { equals: z.union([z.int(), z.string()]).optional(), atLeast: z.int().optional(), atMost: z.int().optional() };
const outcomes = ["panic", "reset", "hang", "rebooted", "wedged", "stranded", "reduced", "recovered", "unaffected"] as const;
const expectation = z.union([
  z.strictObject({ outcome: z.enum(outcomes) }),
  z.strictObject({ metric: z.enum(["machineChecks", "droppedWrites", "killed", "survived", "bytesLost", "bytesServed"]), ...bounds }),
  z.strictObject({ log: z.string().min(1), ...bounds }),
  z.strictObject({ file: z.string().startsWith("/"), equals: z.string() }),
  z.strictObject({ register: z.strictObject({ of: z.string(), field: z.string() }), equals: count }),
]);

export const scenarioSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1),
  description: z.string().optional(),
  machine: machineSchema,
  firmware: z.strictObject({ windows: z.array(window).max(16) }).partial().optional(),
  kernel: z.strictObject({ preset: z.string(), policies: z.record(z.string(), z.union([z.string(), z.int()])) }).partial().optional(),
  steps: z.array(z.union([z.strictObject({ run: z.string().min(1), exit: z.int().optional() }), z.strictObject({ advance: time })])).max(1000).optional(),
  workloads: z.array(workload).max(64).optional(),
  faults: z.array(z.strictObject({ id: name, when, do: action, optional: z.boolean().optional() })).max(64).optional(),
  expect: z.array(expectation).max(200).optional(),
  limits: z.strictObject({ time, steps: z.int().min(1) }).partial().optional(),
});

export type ScenarioFile = z.output<typeof scenarioSchema>;
export type MachineFile = z.output<typeof machineSchema>;
export type Outcome = (typeof outcomes)[number];
