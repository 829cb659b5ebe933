// 512 MiB of CXL memory online as System RAM on a booted machine, with pages in use.

import { expect } from "vitest";
import type { Errno } from "../../src/kernel/base/errno.ts";
import type { AllocationRequest, PageKind, PageRun } from "../../src/kernel/mm/page-types.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { step } from "../../src/sandbox/system.ts";
import type { Task } from "../../src/sim/task.ts";
import type { Booted } from "./kernel.ts";
import { bootMachine } from "./kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "./machine.ts";
import { errnoOf } from "./errno.ts";

export const second = 1_000_000_000;
export const start = 16n * GiB;
export const blockSize = 128n * MiB;
export const blocks = "/sys/devices/system/memory";
/** State of the first block. */
export const first = `${blocks}/memory128/state`;

/** Two ways over two ports, on node 1. */
export function bootRegion(policies: Partial<KernelPolicies> = {}, settings: Partial<KernelSettings> = {}): Booted {
  const machine = machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]);
  const booted = bootMachine(machine, { policies: { memoryUse: "system-ram-normal", onlineType: "online_movable", ...policies }, settings });
  expect(booted.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1").exitCode).toBe(0);
  return booted;
}

export const outcomeOf = <T>(booted: Booted, body: Task<T>): Errno | "ok" => errnoOf(() => booted.run(body));
export const store = (booted: Booted, path: string, text: string): Errno | "ok" => outcomeOf(booted, booted.files.write(path, text));
export const read = (booted: Booted, path: string): string => booted.read(path).trim();
/** Pages of process 1000 on node 1 alone. */
export const inCxl = (kind: PageKind, size: bigint, more: Partial<AllocationRequest> = {}): AllocationRequest => ({ kind, size, pid: 1000, owner: "app", nodes: [1], isBound: true, ...more });
export const nodeOf = (run: PageRun): number => (run.start >= start ? 1 : 0);
/** Bytes that are free on node 0. */
export const freeOnNode0 = (booted: Booted): bigint => BigInt(/MemFree: +(\d+)/.exec(booted.read("/sys/devices/system/node/node0/meminfo"))?.[1] ?? "0") * 1024n;

/** Steps virtual time on, whatever goes on meanwhile. */
export function pass(booted: Booted, time: number): void {
  const end = booted.system.hardware.now + time;
  while (booted.system.hardware.now < end && step(booted.system, end).kind === "progress");
}
