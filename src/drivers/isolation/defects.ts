// Bugs that the recovery driver can be given: those seen in the posted series (timeout-isolation sheet 10) and steps of a recovery that are left out. Each is a
// switch (parameter `defect`, `cxl-sandbox run --defect NAME`), so that a scenario, a test or a strict machine can be held against it. docs/defects.md is made of
// this table, and a test runs every pair of defect and scenario.

import { suggestion } from "../../sim/suggest.ts";

export interface Defect {
  /** What the driver does wrong. */
  readonly meaning: string;
  readonly source: string;
  /** Below scenarios/defects: it passes without the defect and fails with it. */
  readonly scenario: string;
  /** The expectation or step that fails, as the report names it. */
  readonly fails: string;
  /** What is seen in the run. */
  readonly seen: string;
}

export const defects = {
  "disable-keeps-bit": {
    meaning: "isolation is disabled by AND with the enable bit instead of its complement: every other control bit is cleared, and isolation stays on",
    source: "July 2025 series, patch 6",
    scenario: "disable-keeps-bit.yaml",
    fails: "rp0 timeoutIsolation.control.memoryIsolationEnable",
    seen: "after `echo 0 > isolation_ctrl` control[16] is still 1 and control[4] is 0; the port goes on isolating",
  },
  "status-against-offset": {
    meaning: "the status is tested against the offset of its register (0xc) and in the inverted sense, so that every port looks isolated (INFERRED: bits 3:2 are reserved, 0)",
    source: "July 2025 series, patch 9",
    scenario: "status-against-offset.yaml",
    fails: "metric killed",
    seen: "a lost interrupt lets the first machine check look at every port, and healthy ports are recovered too: all VMs die",
  },
  "timeout-when-unsupported": {
    meaning: "the transaction timeout is enabled where it is not supported, and left off where it is",
    source: "July 2025 series, patches 10 and 15",
    scenario: "timeout-when-unsupported.yaml",
    fails: "outcome recovered",
    seen: "a lost response times out nowhere: the requester waits until the platform's watchdog bites",
  },
  "range-not-written": {
    meaning: "the parsed timeout range is not written to where the caller looks; what it finds is 0, the default range (INFERRED: the variable is not initialised)",
    source: "July 2025 series, patch 13",
    scenario: "range-not-written.yaml",
    fails: "rp0 timeoutIsolation.control.memoryTimeoutValue",
    seen: "`echo c > timeout_range` leaves value 0; an answer that takes 100 ms isolates the port",
  },
  "uninitialised-flag": {
    meaning: "a flag that says whether regions are to be killed is read before it is written; what was there before says no (INFERRED)",
    source: "February 2024 series, patch 6",
    scenario: "uninitialised-flag.yaml",
    fails: "outcome recovered",
    seen: "regions stay bound while the port below them is taken down: their memory is not made again",
  },
  "interrupt-never-enabled": {
    meaning: "the interrupt is requested, and control[26] is not set: the port never sends it",
    source: "February 2024 series",
    scenario: "interrupt-never-enabled.yaml",
    fails: "outcome recovered",
    seen: "an isolation that no processor runs into is noticed by nobody; the bytes below the port are stranded",
  },
  "no-cache-invalidation": {
    meaning: "regions are taken down and made again without invalidating CPU caches",
    source: "rule of TB3, S72; region-assembly 7.2",
    scenario: "no-cache-invalidation.yaml",
    fails: "step 9 \"sh -c 'devmem",
    seen: "a line that was cached before the isolation is served after the recovery: old data (invariant 5)",
  },
  "clears-while-busy": {
    meaning: "status[8] is cleared without waiting for root port busy",
    source: "rule of TS10, TR1",
    scenario: "clears-while-busy.yaml",
    fails: "outcome recovered",
    seen: "the port stays isolated, and the driver gives up: a reboot is chosen",
  },
  "no-link-down": {
    meaning: "the link is not taken down before the device is enumerated again",
    source: "rule of TR3, S70",
    scenario: "no-link-down.yaml",
    fails: "outcome recovered",
    seen: "under policy `isoexit: seed-strict` the port stays isolated and a reboot is chosen; under `cxl-3.2` it is left, and a card that was not reset is enumerated, its old contents in place",
  },
  "fence-skipped": {
    meaning: "mappings are not revoked before the recovery waits for pins",
    source: "rule of S87, error-recovery 9 state FENCED",
    scenario: "fence-skipped.yaml",
    fails: "metric machineChecks",
    seen: "whoever touches the memory while the recovery waits meets a machine check instead of SIGBUS",
  },
} as const satisfies Readonly<Record<string, Defect>>;

export type DefectName = keyof typeof defects;
export const defectNames = Object.keys(defects) as DefectName[];

/** Names of a parameter's text, apart from each other by commas; "" none. @throws TypeError one is no defect */
export function defectsOf(text: string | undefined): ReadonlySet<DefectName> {
  const names = (text ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  for (const name of names) if (!(defectNames as readonly string[]).includes(name)) throw new TypeError(`there is no defect "${name}"; ${suggestion(name, defectNames)}`);
  return new Set(names as DefectName[]);
}
