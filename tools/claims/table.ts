// Claims of the review of 2024 about isolation in Linux, each with the runs that show it and what they must come to (seeds S68-S93; timeout-isolation 10.2).
// `holds` is written from the claim; what the page says came out is computed.

import type { ScenarioResult } from "../../src/scenario/result.ts";
import type { VerdictCell } from "../../src/scenario/verdict/report.ts";

export type Speaker = "maintainer, February 2024" | "author, March 2024" | "maintainer, March 2024" | "author, April 2024";

/** What a claim's scenarios came to, in the order in which it names them. */
export interface Came {
  readonly runs: readonly ScenarioResult[];
  /** The first scenario against a reboot at once, where the claim asks for that. */
  readonly verdict: VerdictCell | null;
}

export interface Claim {
  readonly rules: readonly string[];
  readonly by: Speaker;
  readonly text: string;
  /** Files below scenarios/. */
  readonly scenarios: readonly string[];
  readonly asksVerdict?: true;
  /** Undefined: nothing that could be run. */
  readonly holds?: (came: Came) => boolean;
  /** Why no run agrees, or what the run does not show. */
  readonly reason?: string;
}

const outcomes = ({ runs }: Came): string[] => runs.map(({ outcome }) => outcome);
const are = (...wanted: readonly string[]) => (came: Came): boolean => outcomes(came).join() === wanted.join();
const killed = ({ runs }: Came): number[] => runs.map(({ metrics }) => metrics.killed);
const checks = ({ runs }: Came): number[] => runs.map(({ metrics }) => metrics.machineChecks);
/** MemFree of node 0, as the run's steps showed it. */
const freeKilobytes = ({ runs }: Came, index: number): number => Number(/MemFree: +(\d+) kB/.exec(runs[index]?.commands.map(({ stdout }) => stdout).join("\n") ?? "")?.[1] ?? "0");
const at = (numbers: readonly number[], index: number): number => numbers[index] ?? -1;

export const claims: readonly Claim[] = [
  {
    rules: ["S68"], by: "maintainer, February 2024", text: "Isolation might let a host outlive a root port's link down or a transaction timeout; without it the host goes down",
    scenarios: ["isolation/a-link-down", "claims/s68-timeout-on", "isolation/f-not-enabled-reset", "claims/s68-timeout-off"], holds: are("recovered", "recovered", "reset", "hang"),
  },
  {
    rules: ["S69"], by: "maintainer, February 2024", text: "Writes under way are dropped, reads under way end in machine checks",
    scenarios: ["claims/s69-writes-dropped"], holds: ({ runs }) => runs.every(({ metrics }) => metrics.droppedWrites > 0 && metrics.machineChecks > 0),
  },
  {
    rules: ["S70"], by: "maintainer, February 2024", text: "The link has to go through link down to leave isolation",
    scenarios: ["recovery/strict-exit", "recovery/link-stays-up"], holds: are("recovered", "rebooted"),
    reason: "under POL-ISOEXIT=cxl-3.2 traffic is let through by clearing the status alone, and the recovery driver itself insists on the link down (TR3)",
  },
  {
    rules: ["S71"], by: "maintainer, February 2024", text: "It is a storm of machine checks until software has evacuated every user, then a surprise removal, then a new plug",
    scenarios: ["claims/s71-storm-goes-on", "claims/s71-storm-ends"], holds: (came) => at(checks(came), 0) > 100 * Math.max(1, at(checks(came), 1)) && came.runs[1]?.outcome === "recovered",
  },
  {
    rules: ["S72"], by: "maintainer, February 2024", text: "All contents are lost to the host",
    scenarios: ["claims/s72-forfeited", "isolation/a-link-down"], holds: ({ runs }) => runs.every(({ metrics }) => BigInt(metrics.bytesLost) > 0n),
  },
  {
    rules: ["S73"], by: "maintainer, February 2024", text: "The whole must be better than a reboot",
    scenarios: ["claims/s73-recovery-wins"], asksVerdict: true, holds: ({ verdict }) => verdict?.winner === "recovery" && verdict.recovered,
    reason: "it is for guests of which each has its own device file; weights and times decide elsewhere (docs/verdict.md)",
  },
  {
    rules: ["S74"], by: "maintainer, February 2024", text: "A mitigation that leaves one hole ends in the panic that it was to prevent",
    scenarios: ["claims/s74-one-kernel-page", "isolation/d-kernel-page"], holds: are("panic", "panic"),
  },
  {
    rules: ["S75"], by: "maintainer, February 2024", text: "Machine checks can be survived when they hit memory of users; on a page that the kernel maps they are a panic",
    scenarios: ["claims/s75-user-load", "claims/s75-copy-from-user", "claims/s75-kernel-load"], holds: (came) => at(killed(came), 0) === 1 && at(killed(came), 1) === 1 && !outcomes(came).slice(0, 2).includes("panic") && came.runs[2]?.outcome === "panic",
  },
  {
    rules: ["S76"], by: "maintainer, February 2024", text: "They usually are survived because a few lines fail, mostly of users; hundreds of gigabytes at once are another matter",
    scenarios: ["claims/s76-one-line", "claims/s76-whole-port"], holds: (came) => at(checks(came), 0) === 1 && came.runs[0]?.outcome !== "panic" && came.runs[1]?.outcome === "panic",
  },
  {
    rules: ["S77"], by: "maintainer, February 2024", text: "The blast radius is the whole root port",
    scenarios: ["recovery/switch-all", "recovery/switch-one-of-two"], holds: (came) => killed(came).every((count) => count === 2),
  },
  {
    rules: ["S78"], by: "maintainer, February 2024", text: "An interleave over root ports loses the whole region with one of them; keeping to one port gives up bandwidth",
    scenarios: ["isolation/c-interleaved", "isolation/a-link-down"], holds: (came) => at(killed(came), 0) === 8 && at(killed(came), 1) === 4,
    reason: "bandwidth is what `cxl-sandbox compare` shows (docs/scorecard.md, layouts)",
  },
  {
    rules: ["S79"], by: "maintainer, February 2024", text: "Memory that is System RAM is likely to hold kernel data",
    scenarios: ["claims/s79-normal"], holds: are("panic"), reason: "in ZONE_NORMAL, by `host.kernelShare`",
  },
  {
    rules: ["S80"], by: "maintainer, February 2024", text: "ZONE_MOVABLE is no cure",
    scenarios: ["claims/s80-memmap-on-memory", "claims/s80-memmap-elsewhere"], holds: (came) => are("panic", "reduced")(came) && freeKilobytes(came, 0) - freeKilobytes(came, 1) === 8192,
    reason: "with its struct pages in DRAM (8 MiB for 512 MiB), all owners dead and no page pinned, movable memory goes off line; it still is no recovery (S84)",
  },
  {
    rules: ["S81"], by: "maintainer, February 2024", text: "The kernel can only unplug for sure what it can force off line, and nothing forces ZONE_NORMAL off: surprise removal has the same problem",
    scenarios: ["claims/s81-normal-stays"], holds: are("stranded"),
  },
  {
    rules: ["S82"], by: "maintainer, February 2024", text: "Long-term pins, and even short ones for DMA, hold removal off without bound",
    scenarios: ["claims/s82-rdma", "claims/s82-assigned-for-ever", "isolation/e-pinned", "claims/s82-short-pin"], holds: are("wedged", "wedged", "wedged", "recovered"),
    reason: "a short pin holds it off as long as it lasts",
  },
  {
    rules: ["S83"], by: "maintainer, February 2024", text: "Nobody who uses System RAM can be told to leave: offlining walks the pages and aborts at a raised reference count",
    scenarios: ["recovery/system-ram-pinned-abort", "recovery/system-ram-pinned"], holds: (came) => came.runs[0]?.outcome === "stranded",
    reason: "that is POL-OFFLINE=abort; Linux 7.2 tries again without end (retry), which ends wedged",
  },
  {
    rules: ["S84"], by: "maintainer, February 2024", text: "What is to be recovered must never be System RAM",
    scenarios: ["claims/s84-system-ram", "claims/s84-device-dax"], holds: are("reduced", "recovered"),
  },
  {
    rules: ["S85", "S86"], by: "maintainer, February 2024", text: "device-dax is the one workable home: a file per virtual machine, those on the port die, the others live",
    scenarios: ["isolation/a-link-down", "claims/s85-shared-file", "claims/s86-idle-guest"], holds: (came) => are("recovered", "recovered", "recovered")(came) && killed(came).join() === "4,2,1",
  },
  {
    rules: ["S87"], by: "maintainer, February 2024", text: "Mappings of a file can be found and revoked",
    scenarios: ["claims/s87-revoked", "claims/s87-dma-not-revoked"], holds: (came) => at(checks(came), 0) === 0 && at(killed(came), 0) === 1,
    reason: "of processors; a device's DMA goes on until it is detached (INFERRED)",
  },
  {
    rules: ["S88"], by: "maintainer, February 2024", text: "Mappings of System RAM are not connected with the device and cannot be revoked",
    scenarios: ["claims/s88-anonymous", "claims/s87-revoked"], holds: (came) => at(checks(came), 0) > 0 && at(checks(came), 1) === 0,
  },
  {
    rules: ["S89"], by: "maintainer, February 2024", text: "Notification is the trivial part: alone it improves nothing",
    scenarios: ["claims/s89-notify-none", "claims/s89-notify-interrupt", "claims/s89-notify-interrupt-err-cor"], holds: are("panic", "panic", "panic"),
  },
  {
    rules: ["S91"], by: "maintainer, February 2024", text: "Nothing in Linux initiates CXL.cache", scenarios: [],
    reason: "about other code; the hardware has the CXL.cache half of the registers, and the driver leaves it off (S90)",
  },
  {
    rules: ["S93"], by: "maintainer, February 2024", text: "No more is to be added to the PCIe port driver before it is reworked", scenarios: [], reason: "about the order of patches",
  },
  {
    rules: ["S86"], by: "author, March 2024", text: "A data centre would rather lose one port than the host",
    scenarios: ["claims/s73-recovery-wins"], asksVerdict: true, holds: ({ runs, verdict }) => runs[0]?.outcome === "recovered" && verdict?.winner === "recovery",
  },
  {
    rules: ["S84"], by: "author, March 2024", text: "Regions as device-dax only, and isolation that switches itself off when memory becomes System RAM",
    scenarios: ["claims/s84-device-dax", "claims/s84-system-ram"], holds: (came) => came.runs[0]?.outcome === "recovered",
    reason: "POL-USE=device-dax-only is the first half; nothing switches isolation off by itself: the maintainer saw no reason ever to (below, S68)",
  },
  {
    rules: ["S92"], by: "maintainer, March 2024", text: "First a user who can lose a port at a time, can manage memory in user space and prefers that to a reboot",
    scenarios: ["claims/s92-not-asked-for"], asksVerdict: true, holds: ({ runs, verdict }) => runs[0]?.outcome === "recovered" && verdict?.recovered === false,
  },
  {
    rules: ["S68"], by: "maintainer, March 2024", text: "There is no reason to disable isolation: without it the host hangs until a watchdog reboots it",
    scenarios: ["isolation/f-not-enabled-hang", "claims/s68-timeout-off", "claims/s79-normal"], holds: are("hang", "hang", "panic"),
    reason: "with it even System RAM ends in a panic that says what happened",
  },
  {
    rules: ["S87"], by: "maintainer, March 2024", text: "Regions need not know of isolation: it is as if their driver were unbound by force",
    scenarios: ["isolation/a-link-down"], holds: are("recovered"),
    reason: "the driver fences and then unbinds the region's driver; that unbinding alone revokes as well is tested (test/isolation/dax.test.ts, S82)",
  },
  { rules: ["S92"], by: "author, April 2024", text: "Parked until somebody asks for it", scenarios: [], reason: "a decision about patches" },
  {
    rules: ["S90"], by: "author, April 2024", text: "What the patches program can be tested with emulated registers, without isolation itself",
    scenarios: ["claims/s90-registers", "isolation/b-timeout"], holds: are("unaffected", "recovered"), reason: "the second run is what that emulation lacked",
  },
];
