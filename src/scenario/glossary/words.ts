// Words of a scenario and of its result that are declared by name alone: what each one means. A name without a row here does not compile.

import type { z } from "zod";
import type { expectation } from "../expectations/schema.ts";
import type { Metrics, exitCodes } from "../result.ts";
import type { Outcome } from "../schema.ts";
import type { when } from "../faults/trigger-schema.ts";
import type { WorkloadKind } from "../workloads.ts";

/** What a word means, with a line of a scenario that uses it. */
export interface Word {
  readonly meaning: string;
  readonly example: string;
}

type KeysOf<T> = T extends unknown ? keyof T : never;
/** Keys by which one trigger is told from another, and those that go with all. */
export type TriggerName = Exclude<KeysOf<z.output<typeof when>>, "from" | "equals" | "level">;
export type ExpectationName = Exclude<KeysOf<z.output<typeof expectation>>, "equals" | "atLeast" | "atMost" | "contains" | "level" | "field" | "from">;

const word = (meaning: string, example: string): Word => ({ meaning, example });
const expected = (meaning: string, example: string): Word => word(meaning, `expect: [${example}]`);
const triggered = (meaning: string, example: string): Word => word(meaning, `faults: [{ id: cable, when: ${example}, do: { linkDown: rp0 } }]`);

export const outcomeWords: Readonly<Record<Outcome, Word>> = {
  panic: expected("the kernel stopped itself", "{ outcome: panic }"),
  reset: expected("a request met a dead link, or a timeout, without isolation, and the platform reset the host (policy platform: reset)", "{ outcome: reset }"),
  hang: expected("a request never got an answer, and the watchdog became due", "{ outcome: hang }"),
  rebooted: expected("the recovery gave up and chose a reboot", "{ outcome: rebooted }"),
  wedged: expected("a recovery still waits without limit at the end of the run", "{ outcome: wedged }"),
  stranded: expected("some bytes are neither usable nor removable", "{ outcome: stranded }"),
  reduced: expected("service is back with fewer bytes than at ready, or System RAM was online below a port that was taken down", "{ outcome: reduced }"),
  recovered: expected("service is back in full after a machine check, a dropped write, a death or a recovery", "{ outcome: recovered }"),
  unaffected: expected("none of the other outcomes holds", "{ outcome: unaffected }"),
};

export const metricWords: Readonly<Record<keyof Metrics, Word>> = {
  machineChecks: expected("machine checks that the host took, the one that ended it among them", "{ metric: machineChecks, atMost: 3 }"),
  droppedWrites: expected("stores of workloads that were acknowledged and thrown away", "{ metric: droppedWrites, atLeast: 1 }"),
  killed: expected("processes of workloads that a signal ended, each life counted", "{ metric: killed, equals: 1 }"),
  survived: expected("workloads that were never ended", "{ metric: survived, equals: 1 }"),
  bytesLost: expected("bytes whose contents were forfeited", '{ metric: bytesLost, equals: "0" }'),
  bytesServed: expected("bytes of dax devices that are alive and below no dead port at the end", '{ metric: bytesServed, equals: "268435456" }'),
};

export const workloadWords: Readonly<Record<WorkloadKind, Word>> = {
  vm: word("a virtual machine whose memory is all of a dax device", 'workloads: [{ vm: { name: vm1, memory: "${dax:region0}" } }]'),
  database: word("a process with its data in anonymous System RAM, of base or huge pages", "workloads: [{ database: { name: db, size: 64MiB, nodes: [1, 0] } }]"),
  pageCache: word("a server whose files are in the page cache", "workloads: [{ pageCache: { name: web, size: 64MiB, nodes: [0] } }]"),
  kernelUser: word("a part of the kernel with data of its own: slab, page tables, others", "workloads: [{ kernelUser: { name: slab, size: 16MiB, nodes: [0] } }]"),
  kernelReader: word("the kernel reads all of a dax device's memory through its direct map", 'workloads: [{ kernelReader: { name: scan, memory: "${dax:region0}" } }]'),
  rdma: word("a network adapter that reads and writes memory which a process has registered: pinned for long", 'workloads: [{ rdma: { name: nic, memory: "${dax:region0}" } }]'),
  assignedDevice: word("a device that a vm has for itself (VFIO): all of the guest's memory is pinned", 'workloads: [{ vm: { name: vm1, memory: "${dax:region0}" } }, { assignedDevice: { name: nic, vm: vm1 } }]'),
  pin: word("pages of a dax device that somebody holds, and nobody touches", 'workloads: [{ pin: { name: held, memory: "${dax:region0}" } }]'),
};

export const triggerWords: Readonly<Record<TriggerName, Word>> = {
  at: triggered("at a virtual time after ready; from: boot counts from power-on", "{ at: 5ms }"),
  access: triggered("the n-th access to a register", "{ access: { of: rp0, register: timeoutIsolation.status, direction: read, nth: 1 } }"),
  request: triggered("the n-th CXL.mem request below a root port", "{ request: { port: rp0, direction: read, nth: 1 } }"),
  register: triggered("a field of a register has a value", "{ register: { of: rp0, field: timeoutIsolation.status.memoryIsolation, equals: 1 } }"),
  after: triggered("a mark, or a line of the kernel's log, with this text", '{ after: "region0 committed" }'),
  mark: triggered("a mark with this text", '{ mark: "region0 committed" }'),
  log: triggered("a line of the kernel's log with this text, of one level when given", '{ log: "isolated", level: err }'),
  step: triggered("a step of the kernel is met", "{ step: decoder.commit of decoder1.0 }"),
  fault: triggered("another fault has acted", "{ fault: cable-out, delay: 2ms }"),
  changes: triggered("a field of a register has another value than before", "{ register: rp0.timeoutIsolation.status.memoryIsolation, changes: true }"),
  nth: triggered("the how manieth match it is that acts, from 1; of any trigger but a time", "{ log: isolated, nth: 2 }"),
  times: triggered("how many times the fault acts", "{ at: 5ms, times: 3, every: 10ms }"),
  every: triggered("the time between two acts of a fault that acts several times", "{ at: 5ms, times: 3, every: 10ms }"),
  delay: triggered("how long after its match the fault acts: a time, or a window of which the seed picks a moment", "{ log: isolated, delay: { between: [1ms, 5ms] } }"),
  within: triggered("the fault acts at a moment after its match, up to this long, that the seed picks", "{ log: isolated, within: 50ms }"),
};

export const expectationWords: Readonly<Record<ExpectationName, Word>> = {
  outcome: expected("what became of the host", "{ outcome: recovered }"),
  verdict: expected("the report's judgement of a host that cannot keep its interleave", "{ verdict: none }"),
  crashDump: expected("what became of the dump after a panic", "{ crashDump: dumped }"),
  warning: expected("a warning of the report with this text, and how many", '{ warning: "spans", equals: 1 }'),
  workload: expected("what became of one workload", "{ workload: vm1, field: killed, equals: true }"),
  metric: expected("a number of the result", "{ metric: killed, equals: 1 }"),
  log: expected("lines of the kernel's log with this text, and how many", '{ log: "isolated", atLeast: 1 }'),
  file: expected("what a file of /sys or /proc says", '{ file: /sys/bus/cxl/devices/mem0/serial, contains: "0x1" }'),
  absent: expected("a file that is not there", "{ absent: /sys/bus/cxl/devices/region0 }"),
  iomem: expected("lines of /proc/iomem: all, some, or none", "{ iomem: { lacks: Soft Reserved } }"),
  cxl: expected("what cxl list says, by a JSON path", '{ cxl: { list: -M, path: "$[0].memdev", equals: mem0 } }'),
  daxctl: expected("what daxctl list says, by a JSON path", '{ daxctl: { list: -D, path: "$[0].chardev", equals: dax0.0 } }'),
  mark: expected("marks with this text, and how many", "{ mark: CLEARED, equals: 1 }"),
  hardware: expected("records of the hardware, in words, with this text, and how many", '{ hardware: "rp0: isolation", equals: 1 }'),
  order: expected("texts that come one after the other, in the log, marks and records of the hardware", "{ order: [isolated, CLEARED, RECOVERED] }"),
  never: expected("a text that does not come, at all, after another or before it", "{ never: { text: machine check, after: CLEARED } }"),
  fault: expected("how many times a fault acted", "{ fault: cable, acted: 1 }"),
  acted: expected("how many times a fault acted", "{ fault: cable, acted: 1 }"),
  files: expected("how many files have a name of this pattern", '{ files: "/sys/bus/cxl/devices/mem*", equals: 2 }'),
  before: expected("only what comes up to this time counts", "{ log: isolated, before: 10ms }"),
  between: expected("only what comes in this time counts", "{ log: isolated, between: [5ms, 10ms] }"),
  register: expected("a field of a register, by name", "{ register: { of: rp0, field: timeoutIsolation.status.memoryIsolation }, equals: 0 }"),
};

/** What a run ended with, by the name of its exit status. */
export const statusWords: Readonly<Record<keyof typeof exitCodes, string>> = {
  pass: "every scenario passed",
  fail: "an expectation failed, or a run is not as its golden",
  usage: "wrong usage, or a file that is no good scenario; nothing ran",
  invalid: "a fault did not fire: the run proves nothing",
  limit: "a limit was reached",
  error: "an internal error, a worker died or hung, or a report could not be written",
  driver: "a driver ended its run: it threw, hung, or was over a budget",
  interrupted: "the run was interrupted",
};
