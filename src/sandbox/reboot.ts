// The host is rebooted where a run stands: the machine is reset, warm or cold, firmware starts again, and a new kernel boots and does the steps of the file.
// What is broken stays broken. Sticky registers live through a warm reset: what is found there is told (timeout-isolation sheet 5, RW1CS).

import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { blocks } from "../../registers/blocks.ts";
import { kernelKinds } from "../sim/trace.ts";
import { extract } from "../platform/registers.ts";
import type { FirmwareOptions } from "../firmware/firmware.ts";
import type { Hardware } from "../hardware/machine.ts";
import { createHardware } from "../hardware/machine.ts";
import type { RecoveryState } from "../platform/driver.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import { judgeMoment } from "../scenario/expectations/judge.ts";
import type { RebootResult, StickyStatus } from "../scenario/verdict/report.ts";
import type { OpenRun } from "./contract.ts";
import type { FaultTable, Said } from "./faults.ts";
import { heardText } from "./faults.ts";
import { placeOfPort } from "./references.ts";
import type { openRun } from "./run.ts";
import { placed } from "./steps.ts";
import type { RunOptions } from "./run-result.ts";
import { startHost } from "./system.ts";

/** Where a run stands. */
export type RebootTarget = Pick<OpenRun, "plan" | "system" | "faults">;

export interface RebootOptions {
  readonly kind: "warm" | "cold";
  readonly clearsIsolation: boolean;
  /** Virtual ns from the reset to the kernel. */
  readonly firmwareTime: number;
  readonly firmware: FirmwareOptions;
  /** Texts beside the states of a recovery for which faults wait that are to act at the reset. */
  readonly heard: readonly Said[];
  /** Seed, schedule and drivers of the second boot. */
  readonly run: RunOptions;
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

/** States of a recovery that a reset stands for as well: faults that wait for one of them act at it, as a cable that is put back once the port is clear. */
const passed = ["NOTIFIED", "FENCED", "EVACUATED", "UNBOUND", "REMOVED", "LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED", "RECREATED", "RECOVERED"] as const satisfies readonly RecoveryState[];

function passStates(faults: FaultTable, heard: readonly Said[]): void {
  const { description } = faults.hardware;
  const places = description.hostBridges.flatMap(({ rootPorts }) => rootPorts).map(({ name }) => placeOfPort(description, name) ?? name);
  const states = passed.flatMap((state) => places.map((place) => `${place} ${state}`));
  const said: readonly Said[] = [...states.map((text): Said => ({ layer: "kernel", kind: kernelKinds.step, text, detail: "" })), ...heard];
  for (const one of said) heardText(faults, one, "ready");
}

/** The machine as it is, a second time, with the faults that are still to come; those of kernel steps ended with their kernel. */
function copyOf({ system, faults }: RebootTarget): { readonly hardware: Hardware; readonly faults: FaultTable } {
  const hardware = createHardware(system.hardware.module, system.hardware.description);
  hardware.copyFrom(system.hardware);
  return { hardware, faults: { ...faults, hardware, kernel: null, armed: new Map(faults.armed), came: new Map(faults.came), told: new Map(faults.told) } };
}

/** Reboots the host of a run where it stands, on a copy of its machine, and drives the second boot to its end. The run itself is not touched. */
export function rebootRun(target: RebootTarget, options: RebootOptions, open: typeof openRun): Rebooted {
  const { plan } = target;
  const { hardware, faults } = copyOf(target);
  hardware.reset(options.kind);
  const found = isolationStatus(hardware);
  passStates(faults, options.heard);
  hardware.advanceTo(hardware.now + options.firmwareTime);
  const host = startHost(hardware, { ...options.firmware, clearsIsolation: options.clearsIsolation });
  const quiet: ScenarioPlan = { ...plan, faults: [], workloads: [], steps: plan.steps.filter((step) => !("expect" in step)), expectations: plan.reboot?.expectations ?? [], reboot: null };
  const again = open(hardware.module, quiet, { ...options.run, keepTrace: false, isHeld: false, isLenient: true, host });
  while (again.run(() => false) !== "done") continue;
  return { found, run: again };
}

/** What a scenario that ends with a reboot shows of it. */
export function rebootResult(target: RebootTarget, run: RunOptions, firmware: FirmwareOptions, open: typeof openRun): RebootResult | null {
  const { plan } = target;
  if (plan.reboot === null) return null;
  const { kind, clearsIsolation, expectations } = plan.reboot;
  const { found, run: again } = rebootRun(target, { kind, clearsIsolation, firmwareTime: plan.verdict.firmwareTime, firmware, heard: [], run }, open);
  const facts = again.facts();
  return {
    kind, found, bytesServed: facts.metrics.bytesServed, log: again.system.kernel.log.map(({ text }) => text),
    expectations: expectations.map((one, index) => {
      const judged = judgeMoment(one, facts);
      return placed({ ...judged, text: `after the ${kind} reboot: ${judged.text}` }, plan.places.reboot[index]);
    }),
  };
}
