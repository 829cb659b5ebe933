// The machine-check handler and memory_failure on a real machine's memory: what each access comes to, what it costs, what is said about it.

import { describe, expect, it } from "vitest";
import { nextTimer, runTimers } from "../../src/kernel/base/kernel.ts";
import { correctedCount, correctedError } from "../../src/kernel/mce/corrected.ts";
import { flowOf } from "../../src/kernel/mce/flow.ts";
import { daxDeviceAt } from "../../src/kernel/mce/dax-failure.ts";
import { callAtMachineCheck, consumeAccess, flushMachineChecks, repeatChecks } from "../../src/kernel/mce/machine-check.ts";
import { memoryFailure, registerFrames } from "../../src/kernel/mce/memory-failure.ts";
import { actionFor } from "../../src/kernel/mce/page-actions.ts";
import type { PageState } from "../../src/kernel/mce/page-actions.ts";
import { recordOf } from "../../src/kernel/mce/error-form.ts";
import { grade } from "../../src/kernel/mce/severity.ts";
import { touchLost } from "../../src/kernel/mce/signals.ts";
import { returnToUser } from "../../src/kernel/mce/task-work.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { mapFile, translate } from "../../src/kernel/mm/mapping.ts";
import { referencePages } from "../../src/kernel/mm/page-reference.ts";
import type { PageKind } from "../../src/kernel/mm/page-types.ts";
import { corruptedBytes, failuresOf, isPoisoned } from "../../src/kernel/mm/poison.ts";
import { formatTrace, traceState } from "../../src/kernel/trace/ring.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { boot } from "../isolation/host.ts";
import { freshKernel, linesOf, meets, outcomeOf, pagesOf, userOf } from "../support/checks.ts";

const freePage = 0x3200_0000n;
const outside = 0x20_0000_0000n;

describe("the decision function of machine-check 8", () => {
  it("a user's load, fetch and a guest's load end in SIGBUS, with no error of their own", () => {
    for (const path of ["user-load", "user-fetch", "guest-load"] as const) {
      const kernel = freshKernel();
      const app = userOf(kernel);
      const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid });
      expect(outcomeOf(kernel, meets(path, start, app))).toMatchObject({ checks: 1, error: null });
      expect(app.death).toMatchObject({ signal: "SIGBUS", code: "BUS_MCEERR_AR", lsb: 12 });
    }
  });

  it("the kernel's copy from a user's page is a short copy: EFAULT, the page is handled, nobody is killed now", () => {
    const kernel = freshKernel();
    const app = userOf(kernel);
    const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid });
    expect(outcomeOf(kernel, meets("copy-from-user", start, app))).toMatchObject({ checks: 1, error: "EFAULT" });
    expect([app.death, isPoisoned(kernel, start)]).toEqual([null, true]);
    expect(linesOf(kernel)).toContain(`mce: Kernel accessed poison in user space at ${start.toString(16)}`);
    touchLost(kernel, app, start, 4096n);
    expect(app.death).toMatchObject({ signal: "SIGBUS", code: "BUS_MCEERR_AR", lsb: 12 });
  });

  it("a copy with a fixup fails with EHWPOISON and does nothing else", () => {
    const kernel = freshKernel();
    const app = userOf(kernel);
    const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid });
    expect(outcomeOf(kernel, meets("copy-mc", start, app))).toMatchObject({ checks: 1, error: "EHWPOISON" });
    expect([app.death, isPoisoned(kernel, start)]).toEqual([null, false]);
  });

  it("[S69] a store is merged or dropped and raises nothing, whatever its status", () => {
    const kernel = freshKernel();
    for (const status of ["ok", "poison", "dropped", "ones", "fatal", "never"] as const) expect(outcomeOf(kernel, meets("store", freePage, userOf(kernel), { status }))).toEqual({ checks: 0, busy: 0, busyAll: 0, error: null });
    expect([linesOf(kernel), isPoisoned(kernel, freePage)]).toEqual([[], false]);
  });

  it("a device's read completes with an error, its write is gone; no processor hears of either", () => {
    const kernel = freshKernel();
    expect(outcomeOf(kernel, meets("dma-read", freePage, null))).toEqual({ checks: 0, busy: 0, busyAll: 0, error: "EIO" });
    expect(outcomeOf(kernel, meets("dma-write", freePage, null))).toEqual({ checks: 0, busy: 0, busyAll: 0, error: null });
    expect(linesOf(kernel)).toEqual([]);
  });

  it("a prefetch is logged and nothing else on Intel; on AMD the deferred error takes the page out of use", () => {
    for (const processor of ["intel", "amd"] as const) {
      const kernel = freshKernel({ processor });
      const app = userOf(kernel);
      const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid });
      expect(outcomeOf(kernel, meets("speculative", start, app))).toEqual({ checks: 0, busy: 0, busyAll: 0, error: null });
      expect([app.death, isPoisoned(kernel, start)]).toEqual([null, processor === "amd"]);
      expect(linesOf(kernel)).toContain("mce: [Hardware Error]: Machine check events logged");
    }
  });

  it("[S75] kernel loads, fetches and page walks are a panic that says what was met where", () => {
    const meanings = { "kernel-load": "Data load in unrecoverable area of kernel", "kernel-fetch": "Instruction fetch error in kernel", "page-walk": "Action required: unknown MCACOD" } as const;
    for (const [path, meaning] of Object.entries(meanings) as [keyof typeof meanings, string][]) {
      const kernel = freshKernel();
      expect(outcomeOf(kernel, meets(path, 0x1234_5000n, null, { cpu: 3 }))).toBe("Fatal local machine check");
      expect(linesOf(kernel).slice(1)).toEqual(["mce: [Hardware Error]: TSC 0 ADDR 12345000 MISC 86", `mce: [Hardware Error]: Machine check: ${meaning}`, "Kernel panic - not syncing: Fatal local machine check"]);
      expect(linesOf(kernel)[0]).toContain("CPU 3: Machine Check Exception: f Bank");
    }
  });

  it("[T7] an uncontained error is fatal to whoever reads, a device too", () => {
    for (const path of ["user-load", "copy-mc", "kernel-load"] as const) expect(outcomeOf(freshKernel(), meets(path, freePage, null, { status: "fatal" }))).toBe("Fatal local machine check");
    expect(outcomeOf(freshKernel(), meets("dma-read", freePage, null, { status: "fatal" }))).toBe("Fatal local machine check");
  });

  it("[TB6] all ones, data, dropped and no answer raise nothing", () => {
    const kernel = freshKernel();
    for (const status of ["ok", "dropped", "ones", "never"] as const) for (const path of ["user-load", "copy-mc", "kernel-load"] as const) expect(outcomeOf(kernel, meets(path, freePage, null, { status }))).toMatchObject({ checks: 0 });
  });
});

describe("the handler's flow (machine-check 4)", () => {
  const record = recordOf("user-load", "poison", "intel");
  if (record === undefined) throw new Error("no record");
  const arrival = { isLocal: true, isComplete: true, isCopyIn: false, hasFixup: true };
  const of = (changes: Partial<typeof record>, more: Partial<typeof arrival> = {}) => flowOf(grade({ ...record, ...changes }), { ...record, ...changes }, { ...arrival, ...more });

  it("decides by the worst severity, the context and how the check came", () => {
    expect(of({})).toEqual({ is: "work", work: "maybe-kill", mustKill: false });
    expect(of({ canReturn: false })).toEqual({ is: "work", work: "maybe-kill", mustKill: true });
    expect(flowOf(grade(record), { ...record, hasAddress: false }, arrival)).toEqual({ is: "work", work: "kill-now", mustKill: false });
    expect(of({ context: "KERNEL_RECOV" })).toEqual({ is: "fixup", work: null });
    expect(of({ context: "KERNEL_RECOV" }, { isCopyIn: true })).toEqual({ is: "fixup", work: "never-kill" });
    expect(of({ context: "KERNEL_RECOV" }, { hasFixup: false })).toEqual({ is: "panic", message: "Failed kernel mode recovery" });
    expect(of({ context: "KERNEL", isConfidential: true })).toEqual({ is: "mark" });
    expect(of({ isFaulting: false })).toEqual({ is: "log" });
    expect(of({ context: "KERNEL" })).toEqual({ is: "panic", message: "Fatal local machine check" });
    expect(of({ context: "KERNEL" }, { isLocal: false })).toEqual({ is: "panic", message: "Fatal machine check" });
  });

  it("a broadcast that nobody saw an error of, or that not all processors came to, is a panic; a local one of the kind is not", () => {
    expect(flowOf(null, null, { ...arrival, isLocal: false })).toEqual({ is: "panic", message: "Fatal machine check from unknown source" });
    expect(flowOf(null, null, arrival)).toEqual({ is: "log" });
    expect(of({}, { isLocal: false, isComplete: false })).toEqual({ is: "panic", message: "Timeout: Not all CPUs entered broadcast exception handler" });
    expect(of({}, { isComplete: false })).toMatchObject({ is: "work" });
  });

  it("a processor that waits for a load that never ends makes the next broadcast check fatal, until it is free", () => {
    const kernel = freshKernel({ checkDelivery: "broadcast" });
    const app = userOf(kernel);
    expect(outcomeOf(kernel, meets("user-load", pagesOf(kernel, { kind: "anon", pid: app.pid }).start, app))).toMatchObject({ checks: 1 });
    expect(outcomeOf(kernel, meets("copy-mc", freePage, null, { isSomebodyAbsent: true }))).toBe("Timeout: Not all CPUs entered broadcast exception handler");
  });

  it("checks before the task is in user mode again: ten on one page pass, the eleventh and one on another page are a panic", () => {
    const kernel = freshKernel();
    const app = userOf(kernel);
    const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid, size: 8192n });
    const stays = (address: bigint) => outcomeOf(kernel, meets("copy-from-user", address, app, { goesOn: true }));
    for (let count = 0; count < 10; count++) expect(stays(start + BigInt(count) * 64n)).toMatchObject({ error: "EFAULT", busy: kernel.settings.checkTime });
    expect(isPoisoned(kernel, start)).toBe(false);
    expect(returnToUser(kernel, app)).toBe(kernel.settings.memoryFailureTime);
    expect([isPoisoned(kernel, start), returnToUser(kernel, app)]).toEqual([true, 0]);
    expect(stays(start)).toMatchObject({ error: "EFAULT" });
    expect(stays(start + 4096n)).toBe("Consecutive machine checks to different user pages");
    const other = freshKernel();
    const busy = userOf(other);
    const page = pagesOf(other, { kind: "anon", pid: busy.pid }).start;
    const outcomes = Array.from({ length: 11 }, () => outcomeOf(other, meets("copy-from-user", page, busy, { goesOn: true })));
    expect(outcomes.at(-1)).toBe("Too many consecutive machine checks while accessing user data");
  });
});

describe("banks", () => {
  it("[S76] a second thread's error in a core's bank within the window is fatal on Intel, survived on AMD; one thread's own, another core's and a later one are not lost", () => {
    const twice = (settings: object, second: object, later = 0) => {
      const kernel = freshKernel({ cpus: 4, threadsPerCore: 2, ...settings });
      outcomeOf(kernel, meets("copy-mc", freePage, null, { cpu: 0 }));
      if (later > 0) kernel.platform.spend(later);
      return outcomeOf(kernel, meets("copy-mc", freePage, null, second));
    };
    expect(twice({}, { cpu: 2 })).toBe("Fatal local machine check");
    expect(twice({ processor: "amd" }, { cpu: 2 })).toMatchObject({ checks: 1 });
    expect(twice({}, { cpu: 0 })).toMatchObject({ checks: 1 });
    expect(twice({}, { cpu: 1 })).toMatchObject({ checks: 1 });
    expect(twice({}, { cpu: 2, path: "user-fetch" })).toMatchObject({ checks: 1 });
    expect(twice({}, { cpu: 2 }, 1000)).toMatchObject({ checks: 1 });
    expect(twice({ overflowWindow: 2000 }, { cpu: 2 }, 1000)).toBe("Fatal local machine check");
    expect(twice({ threadsPerCore: 1 }, { cpu: 2 })).toMatchObject({ checks: 1 });
  });

  it("[S76] P(panic) is 1 - (1 - k)^n of n accesses, k of them the kernel's: few lines are survived as a rule, a storm is not", () => {
    const share = 10_000;
    const panics = (accesses: number, runs: number): number => {
      const random = createRandom(1, 1);
      let fatal = 0;
      for (let run = 0; run < runs; run++) {
        let isFatal = false;
        for (let access = 0; access < accesses && !isFatal; access++) isFatal = nextBelow(random, share) === 0;
        const kernel = isFatal ? "kernel-load" : "copy-mc";
        const record = recordOf(kernel, "poison", "intel");
        if (record !== undefined && grade(record).severity === "PANIC") fatal++;
      }
      return fatal;
    };
    expect(panics(1, 400)).toBeLessThanOrEqual(2);
    const half = panics(6931, 400);
    expect([half > 160, half < 240]).toEqual([true, true]);
    expect(panics(100_000, 200)).toBeGreaterThanOrEqual(198);
  });
});

describe("what a check costs", () => {
  it("the handler, and one memory_failure after the other under one lock", () => {
    const kernel = freshKernel({ checkTime: 100_000, memoryFailureTime: 50_000 });
    const take = (cpu: number) => {
      const app = userOf(kernel);
      return outcomeOf(kernel, meets("user-load", pagesOf(kernel, { kind: "anon", pid: app.pid }).start, app, { cpu }));
    };
    expect([take(0), take(1), take(2)].map((outcome) => (typeof outcome === "string" ? outcome : outcome.busy))).toEqual([150_000, 200_000, 250_000]);
    kernel.platform.spend(140_000);
    expect(take(3)).toMatchObject({ busy: 160_000 });
    kernel.platform.spend(1_000_000);
    expect(take(4)).toMatchObject({ busy: 150_000, busyAll: 0 });
  });

  it("a broadcast check holds every processor; AMD has none", () => {
    for (const [processor, busyAll] of [["intel", 20_000], ["amd", 0]] as const) expect(outcomeOf(freshKernel({ checkDelivery: "broadcast", processor }), meets("copy-mc", freePage, null))).toMatchObject({ busyAll, busy: 100_000 });
  });

  it("checks in closed form count, trace and lock as that many taken one by one", () => {
    const kernel = freshKernel();
    const app = userOf(kernel);
    traceState(kernel).enabled.add("mce_record");
    const records: [string, number][] = [];
    const access = meets("user-load", pagesOf(kernel, { kind: "file-clean", pid: 0 }).start, app);
    consumeAccess(kernel, access);
    repeatChecks(kernel, access, 999);
    kernel.trace.ring.write = (_layer, kind, _a, _b, _c, _d, count) => void records.push([`kind ${kind}`, count]);
    flushMachineChecks(kernel);
    expect([records, traceState(kernel).written]).toEqual([[["kind 5", 1000]], 1000]);
    const next = outcomeOf(kernel, meets("user-load", pagesOf(kernel, { kind: "file-clean", pid: 0 }).start, app));
    expect(next).toMatchObject({ busy: 100_000 + 1001 * 50_000 });
  });
});

describe("memory_failure (machine-check 5)", () => {
  const base: PageState = { kind: "anon", isLarge: false, isHead: true, isPinned: false, isPoisoned: false, isUsed: true };
  const says = (changes: Partial<PageState>): string => {
    const { type, result, errno = result === "Recovered" || result === "Delayed" ? 0 : "EBUSY", told } = actionFor({ ...base, ...changes });
    return `${type}: ${result} ${errno} ${told}`;
  };

  it("every row of 5.2 and 5.4: type, result, return and who is told", () => {
    expect(says({ isPoisoned: true })).toBe("already poisoned: Failed EHWPOISON nobody");
    expect(says({ kind: "free" })).toBe("free buddy page: Recovered 0 nobody");
    expect(says({ kind: "kernel-data", isLarge: true, isHead: false })).toBe("high-order kernel page: Ignored EBUSY nobody");
    for (const kind of ["slab", "page-table", "kernel-data", "memmap", "reserved"] as const) expect(says({ kind })).toBe("reserved kernel page: Ignored EBUSY nobody");
    expect(says({ trouble: "transient" })).toBe("get hwpoison page: Ignored EBUSY nobody");
    expect(says({ isLarge: true, isPinned: true })).toBe("unsplit thp: Failed EHWPOISON sigbus");
    expect(says({ trouble: "unmap" })).toBe("unmapping failed page: Failed EBUSY sigkill");
    expect(says({ kind: "swap-dirty" })).toBe("dirty swapcache page: Delayed 0 later");
    expect(says({ kind: "swap-clean" })).toBe("clean swapcache page: Recovered 0 nobody");
    expect(says({ kind: "anon" })).toBe("dirty LRU page: Recovered 0 sigbus");
    expect(says({ kind: "anon", isLarge: true })).toBe("dirty LRU page: Recovered 0 sigbus");
    expect(says({ kind: "file-clean" })).toBe("clean LRU page: Recovered 0 nobody");
    expect(says({ kind: "file-dirty" })).toBe("dirty LRU page: Recovered 0 sigbus");
    expect(says({ kind: "shmem" })).toBe("dirty LRU page: Recovered 0 sigbus");
    expect(says({ trouble: "truncated" })).toBe("already truncated LRU page: Ignored EBUSY nobody");
    for (const [kind, type] of [["anon", "dirty LRU page"], ["file-clean", "clean LRU page"], ["swap-clean", "clean swapcache page"]] as const) expect(says({ kind, isPinned: true })).toMatch(`${type}: Failed EBUSY`);
    expect(says({ kind: "hugetlb", isLarge: true })).toBe("huge page: Recovered 0 sigbus");
    expect(says({ kind: "hugetlb", isLarge: true, isUsed: false })).toBe("free huge page: Recovered 0 nobody");
    expect(says({ kind: "hugetlb", isLarge: true, isPinned: true })).toBe("get hwpoison page: Ignored EBUSY nobody");
  });

  const fail = (kernel: ReturnType<typeof freshKernel>, address: bigint, current: ReturnType<typeof userOf> | null = null, mustKill = false) =>
    memoryFailure(kernel, { address, current, isActionRequired: current !== null, mustKill });

  it("flags, counts and logs: each page once, an error that is known already not again", () => {
    const kernel = freshKernel();
    const kinds: readonly (readonly [PageKind, string])[] = [["anon", "recovered"], ["slab", "ignored"], ["swap-dirty", "delayed"]];
    for (const [kind] of kinds) expect(fail(kernel, pagesOf(kernel, { kind, pid: kind === "slab" ? 0 : userOf(kernel).pid }).start)).toBe(kind === "slab" ? "EBUSY" : 0);
    const pinned = pagesOf(kernel, { kind: "file-clean" }).start;
    referencePages(kernel, "vfio", pinned, 4096n);
    expect(fail(kernel, pinned)).toBe("EBUSY");
    expect(linesOf(kernel)).toContain(`Memory failure: 0x${(pinned >> 12n).toString(16)}: clean LRU page still referenced by 1 users`);
    expect(failuresOf(kernel, 0)).toEqual({ ignored: 1, failed: 1, delayed: 1, recovered: 1 });
    expect(corruptedBytes(kernel)).toBe(4n * 4096n);
    expect([fail(kernel, freePage), fail(kernel, freePage)]).toEqual([0, "EHWPOISON"]);
    expect([failuresOf(kernel, 0).recovered, corruptedBytes(kernel)]).toEqual([2, 5n * 4096n]);
  });

  it("a clean page is read again and nobody is told, unless the task cannot go on anyway", () => {
    const kernel = freshKernel();
    const [app, other] = [userOf(kernel), userOf(kernel)];
    expect([fail(kernel, pagesOf(kernel, { kind: "file-clean" }).start, app), app.death]).toEqual([0, null]);
    expect(linesOf(kernel).some((line) => line.endsWith("corrupted page was clean: dropped without side effects"))).toBe(true);
    expect([fail(kernel, pagesOf(kernel, { kind: "file-clean" }).start, other, true), other.death?.code]).toEqual([0, "BUS_MCEERR_AR"]);
  });

  it("huge pages are lost as a whole: one line of 2 MiB, and the second hit finds it known", () => {
    const kernel = freshKernel();
    const [app, other] = [userOf(kernel), userOf(kernel)];
    const { start } = pagesOf(kernel, { kind: "hugetlb", unit: 0x20_0000n, pid: app.pid });
    expect([fail(kernel, start + 0x5000n, app), app.death?.lsb]).toEqual([0, 21]);
    expect([fail(kernel, start + 0x1f_f000n, other), other.death?.lsb]).toEqual(["EHWPOISON", 21]);
  });

  it("a failed or ignored page kills the consumer without an address: not recovered", () => {
    const kernel = freshKernel();
    const app = userOf(kernel);
    expect(outcomeOf(kernel, meets("user-load", outside, app))).toMatchObject({ checks: 1 });
    expect(app.death).toMatchObject({ signal: "SIGBUS", code: "SI_KERNEL" });
    expect(linesOf(kernel)).toContain("mce: Memory error not recovered");
  });

  it("memory without struct pages: users of a registered mapping are told, otherwise it is ignored; none of it counts", () => {
    const kernel = freshKernel();
    expect(fail(kernel, outside)).toBe("EBUSY");
    const [app, other] = [userOf(kernel), userOf(kernel)];
    registerFrames(kernel, "gpu", outside, 4096n, [app, other]);
    expect([fail(kernel, outside, app), app.death?.code, other.death?.code]).toEqual([0, "BUS_MCEERR_AR", "BUS_MCEERR_AO"]);
    registerFrames(kernel, "gpu", outside, 4096n, []);
    expect(fail(kernel, outside)).toBe("EBUSY");
    expect(corruptedBytes(kernel)).toBe(0n);
    expect(linesOf(kernel).filter((line) => line.includes("non struct page pfn")).map((line) => line.split(": ").at(-1))).toEqual(["Ignored", "Recovered", "Ignored"]);
  });

  it("sysctls: recovery off panics at once; a kernel page panics where 7.3 is told to", () => {
    expect(outcomeOf(freshKernel({ memoryFailureRecovery: false }), meets("copy-from-user", freePage, userOf(freshKernel())))).toBe("Memory failure on page 32000");
    for (const version of ["7.2", "7.3"] as const) {
      const kernel = freshKernel({ panicOnUnrecoverable: true }, { version });
      const { start } = pagesOf(kernel, { kind: "slab" });
      const outcome = outcomeOf(kernel, meets("copy-from-user", start, userOf(kernel)));
      expect(typeof outcome).toBe(version === "7.3" ? "string" : "object");
    }
  });

  it("a device page that was never faulted in: failed, nobody is found, the page is not marked", () => {
    const { kernel } = boot({ vms: 0 });
    const device = daxDeviceAt(kernel, 0x4_0000_0000n);
    if (device === undefined) throw new Error("no device");
    const app = userOf(kernel);
    expect(fail(kernel, 0x4_0000_0000n, app)).toBe("EBUSY");
    expect([app.death, linesOf(kernel).at(-1)]).toEqual([null, "Memory failure: 0x400000: recovery action for dax page: Failed"]);
    translate(kernel, mapFile(kernel, app, daxDeviceOf(device), { offset: 0n, length: daxDeviceOf(device).align, isShared: true }), 0n);
    expect([fail(kernel, 0x4_0000_3000n, app), app.death?.lsb]).toEqual([0, 21]);
  });
});

describe("what an operator reads", () => {
  it("mce_record and memory_failure_event as rasdaemon parses them", () => {
    const kernel = freshKernel();
    const app = userOf(kernel);
    for (const event of ["mce_record", "memory_failure_event"]) traceState(kernel).enabled.add(event);
    const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid });
    consumeAccess(kernel, meets("user-load", start, app, { cpu: 11 }));
    const text = formatTrace(kernel);
    expect(text).toContain(`mce_record: CPU: 11, MCGc/s: 0/f, MC1: bd80000000100134, IPID: 0000000000000000, ADDR: ${start.toString(16).padStart(16, "0")}, MISC: 0000000000000086, SYND: 0000000000000000, RIP: 33:<0000000000000000>, TSC: 0, PPIN: 0, vendor: 0, CPUID: 0, time: 0, socket: 0, APIC: b, microcode: 0, vendor data: {}`);
    expect(text).toContain(`memory_failure_event: pfn 0x${(start >> 12n).toString(16)}: recovery action for dirty LRU page: Recovered`);
  });

  it("[S89] the call that is armed for the first check comes once, until it is armed again", () => {
    const kernel = freshKernel();
    const check = (): void => void consumeAccess(kernel, meets("copy-mc", freePage, null));
    callAtMachineCheck(kernel, { handler: "mce-poll", argument: 7 });
    check();
    check();
    expect(kernel.timers.map(({ call }) => call.argument)).toEqual([7]);
    callAtMachineCheck(kernel, { handler: "mce-poll", argument: 8 });
    check();
    expect(kernel.timers.map(({ call }) => call.argument)).toEqual([7, 8]);
  });
});

describe("corrected errors (machine-check 6)", () => {
  const second = 1_000_000_000;
  const storms = (kernel: ReturnType<typeof freshKernel>): string[] => kernel.log.filter(({ text }) => text.includes("storm")).map(({ at, text }) => `${at / second} ${text}`);
  const strike = (kernel: ReturnType<typeof freshKernel>, bank = 7, cpu = 2): void => correctedError(kernel, { cpu, bank, address: 0x1000n });
  /** Time passes, and timers come when they are due. */
  function pass(kernel: ReturnType<typeof freshKernel>, time: number): void {
    const until = kernel.platform.clock.now + time;
    for (let due = nextTimer(kernel); due >= 0 && due <= until; due = nextTimer(kernel)) {
      kernel.platform.spend(Math.max(0, due - kernel.platform.clock.now));
      runTimers(kernel);
    }
    kernel.platform.spend(until - kernel.platform.clock.now);
  }

  it("four in a minute are logged one by one, the fifth is a storm; it is polled once a second and subsides after thirty clean polls", () => {
    const kernel = freshKernel();
    for (let count = 0; count < 5; count++) {
      expect(storms(kernel)).toEqual([]);
      strike(kernel);
      pass(kernel, count < 4 ? second : 0);
    }
    expect(storms(kernel)).toEqual(["4 CPU2 BANK7 CMCI storm detected"]);
    for (let count = 0; count < 10; count++) strike(kernel);
    expect(correctedCount(kernel)).toBe(5);
    pass(kernel, 30 * second);
    expect([correctedCount(kernel), storms(kernel).length]).toEqual([6, 1]);
    pass(kernel, 10 * second);
    expect(storms(kernel)).toEqual(["4 CPU2 BANK7 CMCI storm detected", "35 CPU2 BANK7 CMCI storm subsided"]);
    strike(kernel);
    expect([correctedCount(kernel), nextTimer(kernel)]).toEqual([7, -1]);
  });

  it("banks count for themselves, and errors further apart than the history are no storm", () => {
    const kernel = freshKernel();
    for (let bank = 0; bank < 5; bank++) strike(kernel, bank);
    for (let cpu = 3; cpu < 8; cpu++) strike(kernel, 7, cpu);
    for (let count = 0; count < 20; count++) {
      strike(kernel, 9);
      pass(kernel, 16 * second);
    }
    expect(storms(kernel)).toEqual([]);
  });

  it("uncorrected errors never come to a storm", () => {
    const kernel = freshKernel();
    for (let count = 0; count < 100; count++) consumeAccess(kernel, meets("copy-mc", freePage, null));
    expect(storms(kernel)).toEqual([]);
  });
});
