// The host is rebooted where a run stands: the machine is reset, warm or cold, firmware starts again, and a new kernel boots and does the steps of the file.
// What is broken stays broken. Sticky registers live through a warm reset: what is found there is told (timeout-isolation sheet 5, RW1CS).

import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { blocks } from "../../registers/blocks.ts";
import { extract } from "../platform/registers.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { StickyStatus } from "../scenario/verdict.ts";
import type { OpenRun } from "./contract.ts";
import { heardMark } from "./faults.ts";
import { placeOfPort } from "./references.ts";
import { firmwareOf, openRun } from "./run.ts";
import { startHost } from "./system.ts";

export interface RebootOptions {
  readonly kind: "warm" | "cold";
  readonly clearsIsolation: boolean;
  /** Virtual ns from the reset to the kernel. */
  readonly firmwareTime: number;
}

/** A host after its reboot. */
export interface Rebooted {
  /** What firmware found of isolation, before it cleared anything. */
  readonly found: readonly StickyStatus[];
  /** The second boot with the file's steps, at its end. */
  readonly run: OpenRun;
}

const statusAt = blocks.rootPortComponent.placements.timeoutIsolation.at + timeoutIsolation.registers.status.offset;
const sticky = ["memoryTimeout", "memoryIsolation", "memoryIsolationLinkDown", "cacheTimeout", "cacheIsolation", "cacheIsolationLinkDown"] as const;

/** Root ports whose isolation status is not zero, by name. */
export function isolationStatus(hardware: Hardware): StickyStatus[] {
  const { fields } = timeoutIsolation.registers.status;
  return [...hardware.entities.ports].filter(([, port]) => port.isRoot).flatMap(([port, { id }]) => {
    const value = BigInt(hardware.peekComponent(id, statusAt));
    const bits = sticky.filter((name) => extract(fields[name], value) === 1);
    return bits.length === 0 ? [] : [{ port, bits }];
  });
}

/** States that a reset stands for as well: faults that wait for one of them act at it, as a cable that is put back once the port is clear. */
const passed = ["LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED", "RECREATED", "RECOVERED"] as const;

function passStates({ system, faults }: OpenRun): void {
  const { description } = system.hardware;
  const places = description.hostBridges.flatMap(({ rootPorts }) => rootPorts).map(({ name }) => placeOfPort(description, name) ?? name);
  for (const state of passed) for (const place of places) heardMark(faults, `${place} ${state}`, "ready");
}

/** Reboots the host of a run, which is over with that, and drives the second boot to its end. */
export function rebootRun(run: OpenRun, options: RebootOptions): Rebooted {
  const { plan, system } = run;
  const { hardware } = system;
  run.finish();
  hardware.reset(options.kind);
  const found = isolationStatus(hardware);
  passStates(run);
  hardware.advanceTo(hardware.now + options.firmwareTime);
  const host = startHost(hardware, { ...firmwareOf(plan), clearsIsolation: options.clearsIsolation });
  const quiet = { ...plan, faults: [], workloads: [], expectations: [] };
  const again = openRun(hardware.module, quiet, { seed: 1, schedule: "fixed", keepTrace: false, isLenient: true, host });
  while (again.run(() => false) !== "done") continue;
  return { found, run: again };
}
