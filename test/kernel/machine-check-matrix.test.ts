// The minimal matrix of machine-check 10: {page} x {delivery} x {first, second hit} x {early kill} -> signals, what memory_failure says, panic.
// Expected values are written after the sheet, row by row.

import { describe, expect, it } from "vitest";
import { busDevices } from "../../src/kernel/base/device.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { daxDeviceOf, gigaPageSize } from "../../src/kernel/dax/types.ts";
import type { AccessPath } from "../../src/kernel/mce/consumption.ts";
import { mapFile, translate } from "../../src/kernel/mm/mapping.ts";
import type { PageKind } from "../../src/kernel/mm/page-types.ts";
import type { Process } from "../../src/kernel/mm/process.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { boot } from "../isolation/host.ts";
import { freshKernel, linesOf, meets, outcomeOf, pagesOf, userOf } from "../support/checks.ts";
import { GiB, MiB } from "../support/machine.ts";

const deliveries = { "Intel, local": {}, "Intel, broadcast": { checkDelivery: "broadcast" }, AMD: { processor: "amd" } } as const satisfies Readonly<Record<string, Partial<KernelSettings>>>;
type Delivery = keyof typeof deliveries;

/** What a hit did: words of memory_failure, who has which signal, what the access itself came to. */
interface Hit {
  readonly says: string | null;
  /** Of the process that met the error. */
  readonly consumer: string;
  readonly ends: "check" | "EHWPOISON" | "panic";
}

interface Row {
  readonly page: PageKind | "devdax 2M" | "devdax 1G";
  readonly path: AccessPath;
  readonly first: Hit;
  /** By another process. */
  readonly second: Hit;
  /** Of a third that has the page mapped, when early kill is on; it lives otherwise. */
  readonly sharer: string;
}

const alive = "alive";
const panics: Pick<Row, "first" | "second" | "sharer"> = { first: { says: null, consumer: alive, ends: "panic" }, second: { says: null, consumer: alive, ends: "panic" }, sharer: alive };
const hit = (says: string | null, consumer: string): Hit => ({ says, consumer, ends: "check" });
const ar = (lsb: number): string => `SIGBUS BUS_MCEERR_AR ${lsb}`;
const ao = (lsb: number): string => `SIGBUS BUS_MCEERR_AO ${lsb}`;
const failsQuietly: Hit = { says: null, consumer: alive, ends: "EHWPOISON" };

const rows: Readonly<Record<string, Row>> = {
  "anon user": { page: "anon", path: "user-load", first: hit("dirty LRU page: Recovered", ar(12)), second: hit("already poisoned: Failed", ar(12)), sharer: ao(12) },
  "file clean": { page: "file-clean", path: "user-load", first: hit("clean LRU page: Recovered", alive), second: hit("already poisoned: Failed", alive), sharer: alive },
  "file dirty": { page: "file-dirty", path: "user-load", first: hit("dirty LRU page: Recovered", ar(12)), second: hit("already poisoned: Failed", alive), sharer: ao(12) },
  shmem: { page: "shmem", path: "user-load", first: hit("dirty LRU page: Recovered", ar(12)), second: hit("already poisoned: Failed", ar(12)), sharer: ao(12) },
  "devdax 2M": { page: "devdax 2M", path: "user-load", first: hit("dax page: Recovered", ar(21)), second: hit("dax page: Recovered", ar(21)), sharer: ao(21) },
  "devdax 1G": { page: "devdax 1G", path: "user-load", first: hit("dax page: Recovered", ar(30)), second: hit("dax page: Recovered", ar(30)), sharer: ao(30) },
  slab: { page: "slab", path: "kernel-load", ...panics },
  "page table": { page: "page-table", path: "page-walk", ...panics },
  "page cache via read(2)": { page: "file-clean", path: "kernel-load", ...panics },
  "COW source": { page: "anon", path: "copy-mc", first: failsQuietly, second: failsQuietly, sharer: alive },
  KVM: { page: "devdax 2M", path: "guest-load", first: hit("dax page: Recovered", ar(21)), second: hit("dax page: Recovered", ar(21)), sharer: ao(21) },
};

const panicMessage: Readonly<Record<Delivery, string>> = { "Intel, local": "Fatal local machine check", "Intel, broadcast": "Fatal machine check", AMD: "Fatal local machine check" };

interface Stage {
  readonly kernel: Kernel;
  readonly address: bigint;
  readonly sharer: Process;
  readonly consumers: readonly [Process, Process];
  /** The second consumer comes to have the page mapped. */
  readonly join: () => void;
}

function onDax(settings: Partial<KernelSettings>, align: bigint): Stage {
  const { kernel } = boot({ vms: 0, capacity: align === gigaPageSize ? 4n * GiB : 256n * MiB, settings, machine: { windows: [{ base: 16n * GiB, size: 16n * GiB, ways: 1, granularity: 256, targets: [0] }] } });
  const [device] = busDevices(kernel, "dax").filter((one) => daxDeviceOf(one).ranges.length > 0);
  if (device === undefined) throw new Error("no dax device");
  const file = daxDeviceOf(device);
  file.align = align;
  const users = ["sharer", "first", "second"].map((name) => userOf(kernel, name)) as [Process, Process, Process];
  const touch = (process: Process): bigint => translate(kernel, mapFile(kernel, process, file, { offset: 0n, length: align, isShared: true }), 0n) ?? 0n;
  const [address] = [touch(users[0]), touch(users[1])];
  return { kernel, address: address + 4096n, sharer: users[0], consumers: [users[1], users[2]], join: () => void touch(users[2]) };
}

function stage(page: Row["page"], settings: Partial<KernelSettings>): Stage {
  if (page === "devdax 2M") return onDax(settings, 2n * MiB);
  if (page === "devdax 1G") return onDax(settings, gigaPageSize);
  const kernel = freshKernel(settings);
  const sharer = userOf(kernel, "sharer");
  const isKernels = page === "slab" || page === "page-table";
  return { kernel, address: pagesOf(kernel, { kind: page, pid: isKernels ? 0 : sharer.pid }).start, sharer, consumers: [userOf(kernel, "first"), userOf(kernel, "second")], join: () => {} };
}

const deathOf = ({ death }: Process): string => (death === null ? alive : `${death.signal} ${death.code} ${death.lsb ?? "-"}`);

function hitOnce(delivery: Delivery, { kernel, address }: Stage, path: AccessPath, consumer: Process): Hit {
  const from = kernel.log.length;
  const isKernels = path === "kernel-load" || path === "page-walk";
  const outcome = outcomeOf(kernel, meets(path, address, isKernels ? null : consumer));
  const says = linesOf(kernel, from).map((line) => /recovery action for (.*)$/.exec(line)?.[1]).find((found) => found !== undefined) ?? null;
  if (typeof outcome !== "string") return { says, consumer: deathOf(consumer), ends: outcome.error === "EHWPOISON" ? "EHWPOISON" : "check" };
  expect(outcome).toBe(panicMessage[delivery]);
  return { says, consumer: deathOf(consumer), ends: "panic" };
}

describe("[S75] the minimal matrix of machine checks", () => {
  for (const [name, row] of Object.entries(rows)) {
    for (const delivery of Object.keys(deliveries) as Delivery[]) {
      for (const earlyKill of [false, true]) {
        it(`${name}, ${delivery}, early kill ${earlyKill ? "on" : "off"}: first and second hit`, () => {
          const set = stage(row.page, { ...deliveries[delivery], earlyKill });
          expect(hitOnce(delivery, set, row.path, set.consumers[0])).toEqual(row.first);
          expect(deathOf(set.sharer)).toBe(earlyKill ? row.sharer : alive);
          set.join();
          expect(hitOnce(delivery, set, row.path, set.consumers[1])).toEqual(row.second);
        });
      }
    }
  }
});
