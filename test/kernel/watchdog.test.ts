// Hung tasks and lockups (kernel/hung_task.c, kernel/watchdog.c): what an operator reads, and that nothing is due while nobody waits.

import { describe, expect, it } from "vitest";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { KernelPanic } from "../../src/kernel/base/kernel.ts";
import { checkLockups, everyProcessor, nextLockupCheck, noteKernelTime, repeatKernelTime } from "../../src/kernel/watchdog/processors.ts";
import { nextHungCheck } from "../../src/kernel/watchdog/tasks.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { CountingMode } from "../../src/workload/state.ts";
import { freshKernel } from "../support/checks.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { runText } from "../support/scenarios.ts";

const second = 1_000_000_000;
const pinned = bundledScenarios()["scenarios/isolation/e-pinned.yaml"] ?? "";
const judged = /expect:\n(?: {2}- .*\n)+/;

/** The pinned scenario with a pin that is let go after some time, and more of `host:`; what was logged by watchdogs, with seconds since power-on. */
function watch(until: string, host: string, steps = ""): { readonly lines: readonly string[]; readonly outcome: string | null } {
  const text = pinned.replace(judged, "").replace("limits: { time: 500ms }", "limits: { time: 5000s }").replace("name: assigned-nic, ", `name: assigned-nic, until: ${until}, `).replace("kernel: {", `host: { ${host} }\nkernel: {`).replace("steps:\n", `steps:\n${steps}`);
  const run = openRun(modules.release, planScenario("pinned.yaml", text), { seed: 1, schedule: "fixed", keepTrace: false });
  run.run(() => false);
  const lines = run.system.kernel.log.filter((line) => /hung|INFO: task|^task:|Not tainted|Call Trace| wait_for/.test(line.text)).map((line) => `${Math.trunc(line.at / second)} ${line.level} ${line.text}`);
  return { lines, outcome: run.result().outcome };
}

const warnings = (lines: readonly string[]): string[] => lines.filter((line) => line.includes("blocked for more than"));

describe("hung tasks", () => {
  it("recovery that waits for a pin is reported at the second look, with the step it stands at and who holds the pages", () => {
    const { lines, outcome } = watch("250s", "");
    expect(lines).toEqual([
      "240 err INFO: task isolation-worker:7 blocked for more than 120 seconds.",
      "240 err       Not tainted 7.2.0 #1",
      "240 err \"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.",
      "240 info task:isolation-worker state:D stack:0     pid:7",
      "240 info Call Trace:",
      "240 info  wait_for pins:dax0.0",
      "240 err INFO: task isolation-worker:7 is blocked on pages likely pinned by assigned-nic.",
    ]);
    expect(outcome).toBe("reduced");
  });

  it("who is let go before the second look is not reported", () => {
    expect(watch("239s", "").lines).toEqual([]);
  });

  it("each look reports again, ten times in all; then that is said once", () => {
    const { lines } = watch("2000s", "hungTaskTime: 10s");
    expect(warnings(lines).map((line) => line.replace(/INFO.*than/, ""))).toEqual(Array.from({ length: 10 }, (_, index) => `${20 + 10 * index} err  ${10 + 10 * index} seconds.`));
    expect(lines.filter((line) => line.includes("suppressed"))).toEqual(["110 info Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings"]);
  });

  it("hung_task_panic ends the system after the report", () => {
    const { lines, outcome } = watch("2000s", "hungTaskPanic: true");
    expect([warnings(lines).length, lines.at(-1), outcome]).toEqual([1, "240 emerg Kernel panic - not syncing: hung_task: blocked tasks", "panic"]);
  });

  it("the file that the line names turns it off; what is no number is refused", () => {
    const file = "/proc/sys/kernel/hung_task_timeout_secs";
    const off = `  - { run: cat ${file}, stdout: "120\\n" }\n  - { run: echo nine > ${file}, exit: 1 }\n  - run: echo 0 > ${file}\n  - { run: cat ${file}, stdout: "0\\n" }\n`;
    expect(watch("600s", "", off)).toEqual({ lines: [], outcome: "reduced" });
    expect(warnings(watch("500s", "", `  - run: echo 200 > ${file}\n`).lines)).toEqual(["400 err INFO: task isolation-worker:7 blocked for more than 200 seconds."]);
    expect(watch("600s", "hungTaskTime: 0s").lines).toEqual([]);
  });

  it("[S82] a run in which nothing else is left ends as it did: nobody waits for the report", () => {
    const { result } = runText("e-pinned.yaml", pinned);
    expect([result.status, result.outcome, result.virtualTimeNs < second]).toEqual(["pass", "wedged", true]);
  });

  it("nothing is due where nobody waits, nor where a signal ends the wait", () => {
    expect(nextHungCheck(freshKernel())).toBe(-1);
    const text = (bundledScenarios()["scenarios/recovery/system-ram-pinned.yaml"] ?? "").replace("name: nic, ", "name: nic, until: 600s, ").replace("limits: { time: 10s }", "limits: { time: 5000s }").replace(judged, "");
    const run = openRun(modules.release, planScenario("pinned.yaml", text), { seed: 1, schedule: "fixed", keepTrace: false });
    run.run(() => false);
    expect(run.system.kernel.log.filter((line) => /pages pinned by nic|INFO: task/.test(line.text)).map((line) => line.text.replace(/.*: /, ""))).toEqual(["BLOCKED (pages pinned by nic)"]);
  });
});

const tell = (kernel: Kernel): string[] => kernel.log.map((line) => `${line.level} ${line.text}`);

/** Looks whenever one is due; what the watchdogs said. */
function look(kernel: Kernel): string[] {
  for (let due = nextLockupCheck(kernel); due >= 0; due = nextLockupCheck(kernel)) checkLockups(kernel, due);
  return tell(kernel);
}

describe("lockups", () => {
  it("a processor that is out of the kernel for less than a tick at a time is stuck after more than twice the threshold; a longer way out begins anew", () => {
    const kernel = freshKernel();
    for (let at = 0; at < 24 * second; at += 100_000_000) noteKernelTime(kernel, 3, at, at + 99_100_000, { name: "vm1", pid: 1000 });
    expect(look(kernel)).toEqual(["emerg watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [vm1:1000]"]);
    const other = freshKernel();
    for (let at = 0; at < 60 * second; at += 100_000_000) noteKernelTime(other, 3, at, at + 99_000_000, { name: "vm1", pid: 1000 });
    expect(look(other)).toEqual([]);
  });

  it("a processor that does not come out at all is seen by the NMI watchdog, which panics unless it is told not to", () => {
    const told = "watchdog: CPU5: Watchdog detected hard LOCKUP on cpu 5";
    const lock = (kernel: Kernel): void => {
      for (let at = 3 * second; at < 40 * second; at += second) noteKernelTime(kernel, 5, at, at + second);
    };
    const stays = freshKernel({ hardLockupPanic: false });
    lock(stays);
    expect([nextLockupCheck(stays) / second, look(stays)]).toEqual([20, [`emerg ${told}`]]);
    const dies = freshKernel({ hardLockupPanic: true });
    lock(dies);
    expect(() => look(dies)).toThrow(KernelPanic);
    expect(tell(dies)).toEqual([`emerg ${told}`, "emerg Kernel panic - not syncing: Hard LOCKUP"]);
  });

  it("softlockup_panic panics; a threshold of 0 sees nothing; a lower one sees it sooner", () => {
    const drown = (kernel: Kernel): Kernel => {
      for (let at = 0; at < 40 * second; at += 10_000_000) noteKernelTime(kernel, everyProcessor, at, at + 9_500_000);
      return kernel;
    };
    expect(() => look(drown(freshKernel({ softLockupPanic: true })))).toThrow("softlockup: hung tasks");
    expect(look(drown(freshKernel({ watchdogTime: 0 })))).toEqual([]);
    expect(look(drown(freshKernel({ watchdogTime: 5 * second })))).toEqual(["emerg watchdog: BUG: soft lockup - CPU#0 stuck for 11s! [swapper/0:0]"]);
  });

  it("a stretch that ended before the look is no lockup, and one that is counted in closed form goes on", () => {
    const kernel = freshKernel();
    noteKernelTime(kernel, 0, 0, 9 * second);
    repeatKernelTime(kernel, 9 * second, 10 * second);
    expect(look(kernel)).toEqual([]);
    noteKernelTime(kernel, 0, 100 * second, 109 * second);
    repeatKernelTime(kernel, 109 * second, 11 * second);
    expect(() => look(kernel)).toThrow("Hard LOCKUP");
  });
});

const storm = (host: string, vcpus: number): string => `version: 1
name: a storm that nobody ends
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, timeoutRanges: ABCD, interrupt: 3 }, device: { volatile: 256MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
host: { cpus: 8, threadsPerCore: 1, checkTime: 20ms, memoryFailureTime: 1ms, ${host} }
kernel: { preset: isolation-safe, policies: { isoact: none, isoown: firmware-enable } }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
workloads:
  - vm: { name: vm1, memory: "\${dax:region0}", rate: 1000/s, reads: 100%, vcpus: ${vcpus}, outstanding: 1, onSigbus: survive }
faults:
  - { id: lost-response, when: { request: { port: rp0, direction: read, nth: 10 } }, do: { dropResponse: { port: rp0 } } }
  - { id: cable-out, when: { at: 25s }, do: { linkDown: rp0 } }
limits: { time: 26s, steps: 1000000 }
`;

describe("[machine-check 4] a processor that drowns in machine checks", () => {
  const drowned = (host: string, vcpus: number, counting: CountingMode): readonly string[] => {
    const run = openRun(modules.release, planScenario("storm.yaml", storm(host, vcpus)), { seed: 1, schedule: "fixed", keepTrace: false, counting });
    run.run(() => false);
    return run.system.kernel.log.filter(({ text }) => /watchdog|panic/.test(text)).map(({ at, text }) => `${Math.trunc(at / second)} ${text}`);
  };

  it.each(["exact", "aggregated"] as const)("locks up, whether one check after the other is taken or they are counted: %s", (counting) => {
    expect(drowned("", 2, counting)).toEqual(["24 watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [vm1:1000]", "24 watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [vm1:1000]"]);
    expect(drowned("softLockupPanic: true", 2, counting)).toEqual(["24 watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [vm1:1000]", "24 Kernel panic - not syncing: softlockup: hung tasks"]);
  });

  it.each(["exact", "aggregated"] as const)("is all of them where every check stops all: %s", (counting) => {
    expect(drowned("checkDelivery: broadcast, rendezvousTime: 20ms", 6, counting)).toEqual(["24 watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [vm1:1000]"]);
  });
});
