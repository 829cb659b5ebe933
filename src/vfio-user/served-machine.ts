// A machine of a scenario that is served function by function: hardware and firmware, no kernel. Virtual time follows the wall's, which only the caller
// knows; interrupts go to the function whose message they are.

import { createHardware } from "../hardware/machine.ts";
import type { Hardware } from "../hardware/machine.ts";
import { takeMessage } from "../hardware/platform.ts";
import type { ConfigSpace } from "../platform/platform.ts";
import { firmwareOf } from "../sandbox/run.ts";
import { startHost } from "../sandbox/system.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import type { OutsideAct } from "../scenario/trace/header.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import type { InterruptSink, ServedMachine } from "./contract.ts";
import { placeDevices } from "./places.ts";
import type { RecorderOptions } from "./recorder.ts";
import { Recorder } from "./recorder.ts";
import type { OutsidePlace, ServedFaults } from "./served-faults.ts";
import { createServedFaults } from "./served-faults.ts";
import type { MachineFunction } from "./served-function.ts";
import { createFunction } from "./served-function.ts";
import { servedPlan } from "./served-plan.ts";

/** A served machine as its own process has it. */
export interface LocalMachine extends ServedMachine {
  /** As it is served (served-plan.ts). */
  readonly plan: ScenarioPlan;
  readonly hardware: Hardware;
  readonly functions: readonly MachineFunction[];
  readonly faults: ServedFaults;
  /** The bus itself, for a replay: an access is followed by `deliver`. */
  readonly config: ConfigSpace;
  /** Lets virtual time come up to an instant (ns), with what happens on the way. */
  pass(until: number): void;
  /** Takes the interrupts that are pending. */
  deliver(): void;
  /** Virtual ns, and how many records were written, where a trace is kept. */
  now(): OutsidePlace;
  /** The trace so far; null: none is kept. */
  traceFile(): TraceFile | null;
  /** Records and acts of the trace so far. */
  readonly traceLength: number;
  /** The trace has become too long and ends where it did. */
  readonly isTraceFull: boolean;
}

/** What a served machine may be told beside its plan. */
export interface ServeOptions {
  /** Of moments that the scenario leaves to it; absent: 1. */
  readonly seed?: number;
  /** Absent: no trace is kept. */
  readonly trace?: Omit<RecorderOptions, "seed">;
  /** Closes the socket of a device: the fault `drop`. */
  readonly onDrop?: (device: string) => void;
}

/** Latest virtual time that is taken from a clock: 2^53 ns are 104 days. */
const latest = Number.MAX_SAFE_INTEGER - 1;

/** Builds the machine of a plan, powers it on, opens the way to its devices, and arms the scenario's faults. @throws MachineDescriptionError */
export function serveMachine(module: WebAssembly.Module, given: ScenarioPlan, options: ServeOptions = {}): LocalMachine {
  const plan = servedPlan(given);
  const seed = options.seed ?? 1;
  const hardware = createHardware(module, plan.machine);
  const recorder = new Recorder(options.trace === undefined ? null : { ...options.trace, seed });
  recorder.listen(hardware);
  const { platform, firmware } = startHost(hardware, firmwareOf(plan));
  const functions: MachineFunction[] = [];

  /** A message that nobody listens to is lost, as on a bus without a target. */
  const deliver = (): void => {
    for (let message = takeMessage(hardware); message !== undefined; message = takeMessage(hardware)) {
      const { sender } = message;
      functions.find(({ placed }) => placed.entity === sender)?.send(message);
    }
  };

  /** Interrupts are taken at every instant at which something happens, so that how time is cut into pieces shows nowhere. */
  const pass = (until: number): void => {
    for (let next = hardware.nextDeadline; next >= 0 && next <= until; next = hardware.nextDeadline) {
      hardware.advanceTo(Math.max(next, hardware.now));
      deliver();
      // A host that is reset or hung does nothing any more.
      if (hardware.nextDeadline === next) break;
    }
    if (until > hardware.now) hardware.advanceTo(until);
    deliver();
  };

  const act = (kind: OutsideAct["kind"], device: string): void => recorder.act(kind, recorder.now(), { device });
  const events = { done: deliver, reset: (name: string) => act("reset", name), connected: (name: string, isConnected: boolean) => act(isConnected ? "connected" : "disconnected", name) };
  const windows = firmware.hostBridges.map(({ memory }) => memory[0]?.base ?? 0n);
  for (const placed of placeDevices(hardware, windows)) functions.push(createFunction({ hardware, config: platform.config, ioremap: platform.ioremap, pass, placed, events }));
  const faults = createServedFaults(plan, hardware, seed, {
    now: () => recorder.now(),
    injected: (fault, at) => recorder.act("inject", at, { fault }),
    ready: (at) => recorder.act("ready", at),
    drop: (device) => {
      act("drop", device);
      options.onDrop?.(device);
    },
  });
  recorder.built();

  return {
    plan, hardware, functions, faults, pass, deliver, now: () => recorder.now(), config: platform.config,
    advanceTo: (nanoseconds) => {
      recorder.checkLength();
      pass(Math.min(latest, Math.floor(nanoseconds)));
      return hardware.hostState === "running" ? hardware.nextDeadline : -1;
    },
    attach: (name: string, sink: InterruptSink | null) => {
      const one = functions.find((other) => other.name === name);
      if (one !== undefined) one.sink = sink;
    },
    traceFile: () => recorder.file(),
    get traceLength() {
      return recorder.length;
    },
    get isTraceFull() {
      return recorder.isFull;
    },
  };
}
