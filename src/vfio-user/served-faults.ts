// Faults of a served machine: the scenario's own, and what the control channel injects while a driver outside runs. No kernel of ours is there.

import type { Hardware } from "../hardware/machine.ts";
import type { ProbeEvidence } from "../hardware/probes.ts";
import { armFaults, createFaults, evidenceAt } from "../sandbox/faults.ts";
import type { MachineFault } from "../sandbox/library/contract.ts";
import { Faults } from "../sandbox/library/faults.ts";
import type { PlannedFault, ScenarioPlan } from "../scenario/plan.ts";

/** A fault was injected, or why it was not: one problem a line, with its remedy. */
export type Injected = { readonly id: string } | { readonly problem: string };

/** A fault with what it has come to. */
export interface ServedFault {
  readonly id: string;
  /** What it does, as it was written. */
  readonly does: unknown;
  readonly evidence: ProbeEvidence;
  /** It can not act here, and why. */
  readonly never?: string;
}

export interface ServedFaults {
  /**
   * Arms an action of a scenario's fault (docs/faults.md), `{ ACTION: VALUE }`, to act at once; or `{ do: ACTION, when: TRIGGER }`. Hardware acts on its
   * next advance. `{ drop: DEVICE }` closes the socket of a device.
   */
  inject(value: unknown): Injected;
  /** Faults of the scenario that count from ready begin to; a second time does nothing. */
  ready(): void;
  /** The scenario's, then the injected ones. */
  list(): readonly ServedFault[];
}

/** Virtual ns, and how many records were written before. */
export interface OutsidePlace {
  readonly atNs: number;
  readonly records: number;
}

/** Who is told of what is injected. */
export interface FaultEvents {
  /** Before anything is done: what `injected` is to be given. */
  now(): OutsidePlace;
  injected(value: unknown, at: OutsidePlace): void;
  ready(at: OutsidePlace): void;
  /** Closes the socket of a device. */
  drop(device: string): void;
}

/** Injections that are listed. */
const listed = 1000;
const remedy = "no kernel of ours runs behind a served machine: its driver is the client's";

/** Why a fault of the scenario can never act here. */
function refusalOf({ do: action, trigger: { cause } }: PlannedFault): string | undefined {
  if (action.kernelStep !== undefined) return `kernelStep: ${remedy}`;
  if (cause.kind === "text" || cause.kind === "step") return `it waits for a ${cause.kind === "step" ? "step" : "mark or log line"} of the kernel: ${remedy}; inject it by the control channel`;
  return undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

function dropOf(value: unknown): unknown {
  return isRecord(value) && Object.keys(value).length === 1 && "drop" in value ? value["drop"] : undefined;
}

/** @throws FaultError and what the fault engine says */
function injectOne(faults: Faults, value: unknown): MachineFault {
  const action = isRecord(value) && "do" in value ? value["do"] : value;
  if (isRecord(action) && action["kernelStep"] !== undefined) throw new Error(`kernelStep: ${remedy}`);
  if (!isRecord(value) || !("do" in value)) return faults.inject(action as never);
  const others = Object.keys(value).filter((key) => key !== "do" && key !== "when");
  if (others.length > 0) throw new Error(`${others.join(", ")}: a fault is injected with do: and when: alone; its id is given`);
  return faults.inject(action as never, value["when"] as never);
}

/** Arms the scenario's faults that count from boot. */
export function createServedFaults(plan: ScenarioPlan, hardware: Hardware, seed: number, events: FaultEvents): ServedFaults {
  const own = { ...plan, faults: plan.faults.filter((fault) => refusalOf(fault) === undefined) };
  const table = createFaults(own, hardware, null, seed);
  const faults = new Faults(plan, { hardware, kernel: null }, () => undefined, own.faults);
  const injected: { readonly does: unknown; readonly fault: MachineFault }[] = [];
  const devices = [...hardware.entities.devices.keys()];
  let isReady = false;
  armFaults(table, "boot");

  const drop = (device: unknown): Injected => {
    if (typeof device !== "string" || !devices.includes(device)) return { problem: `drop: ${typeof device === "string" ? `no device "${device}"` : "not the name of a device"}; the machine has ${devices.join(", ")}` };
    events.drop(device);
    return { id: `drop-${device}` };
  };

  return {
    inject: (value) => {
      const dropped = dropOf(value);
      if (dropped !== undefined) return drop(dropped);
      try {
        const at = events.now();
        const fault = injectOne(faults, value);
        events.injected(value, at);
        injected.push({ does: value, fault });
        if (injected.length > listed) injected.shift();
        return { id: fault.id };
      } catch (error) {
        return { problem: error instanceof Error ? error.message : String(error) };
      }
    },
    ready: () => {
      if (isReady) return;
      isReady = true;
      events.ready(events.now());
      armFaults(table, "ready");
    },
    list: () => [
      ...plan.faults.map((fault): ServedFault => {
        const never = refusalOf(fault);
        const index = own.faults.indexOf(fault);
        return { id: fault.id, does: fault.do, evidence: index < 0 ? { matches: 0, fired: 0, firstAt: null, lastAt: null } : evidenceAt(table, index), ...(never === undefined ? {} : { never }) };
      }),
      ...injected.map(({ does, fault }) => ({ id: fault.id, does, evidence: fault.evidence })),
    ],
  };
}
