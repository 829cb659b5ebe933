// The twin of a case: the same scenario in our own kernel, with windows where the real machine had them.

import { loadModule } from "../../src/hardware/module.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { aerRootPort } from "../../registers/aer.ts";
import { configBus, findFirstExtended } from "../../src/platform/config-walk.ts";
import type { DownstreamPortDescription, MachineDescription, SlotDescription } from "../../src/platform/description.ts";
import { deviceNumberOf, isSwitch } from "../../src/platform/description.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { structureAt } from "../../src/platform/registers.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { faultResults } from "../../src/sandbox/faults.ts";
import { originOf } from "../../src/sandbox/trace-kept.ts";
import type { LinuxCase } from "./cases.ts";
import type { DriverWrites } from "./driver-writes.ts";
import { driverWrites } from "./driver-writes.ts";
import type { RegisterValues } from "./hardware.ts";
import { decoderValues } from "./registers.ts";

/** What one kernel, ours or the real one, showed of a case. */
export interface Shown {
  readonly commands: readonly { readonly step: number; readonly command: string; readonly exitCode: number; readonly stdout: string; readonly stderr: string }[];
  /** Lines of the log without time, with their level. */
  readonly log: readonly LogLine[];
  readonly iomem: string;
  readonly registers: RegisterValues | null;
  /** How often each fault acted: the file's, then those that steps inject. */
  readonly faults: readonly number[];
  /** What kept the case from its end; empty: nothing did. */
  readonly problems: readonly string[];
  /** What drivers did to the devices; null: no trace tells. */
  readonly writes: DriverWrites | null;
}

export interface LogLine {
  readonly level: number;
  readonly text: string;
}

const seed = 1;
/** As the kernel shows it: `110000000-20fffffff : CXL Window 0`. */
const windowLine = /^\s*([0-9a-f]+)-[0-9a-f]+ : CXL Window 0$/m;

/** Of QEMU's bridges and switches; a bridge with one root port has none and lets everything pass. */
const theirDecoders = 4;
const theirCard = (slot: SlotDescription): SlotDescription => (isSwitch(slot) ? { ...slot, decoders: theirDecoders, ports: slot.ports.map(theirPort) } : slot);

function theirPort<P extends DownstreamPortDescription>(port: P): P {
  return { ...port, dpc: false, slots: port.slots.map(theirCard) };
}

/** QEMU's ports do not see a card go that stops answering: those here keep it to themselves. */
function silencePorts({ config }: Pick<Platform, "config">, machine: MachineDescription): void {
  for (const bridge of machine.hostBridges) {
    for (const port of bridge.rootPorts) {
      const bus = configBus(config, pciAddress(bridge.segment, bridge.busStart, deviceNumberOf(port, bridge.rootPorts.indexOf(port)), 0));
      const at = findFirstExtended(bus, aerRootPort.identity.id);
      if (at !== 0) structureAt(bus, at, aerRootPort).uncorrectableMask.modify({ surpriseDown: 1 });
    }
  }
}

/** The plan with what is QEMU's: identities and decoders of bridges and switches, places of CHBCRs and windows. As it is where these are not known. */
function movedPlan(plan: ScenarioPlan, iomem: string): ScenarioPlan {
  const theirs = windowLine.exec(iomem)?.[1];
  const ours = plan.machine.windows[0]?.base;
  if (theirs === undefined || ours === undefined) return plan;
  const by = BigInt(`0x${theirs}`) - ours;
  const hostBridges = plan.machine.hostBridges.map((bridge) => ({ ...bridge, uid: bridge.busStart, decoders: bridge.rootPorts.length > 1 ? theirDecoders : 0, componentBase: bridge.componentBase + by, rootPorts: bridge.rootPorts.map(theirPort) }));
  const windows = plan.machine.windows.map((window) => ({ ...window, base: window.base + by }));
  return { ...plan, machine: { ...plan.machine, hostBridges, windows } };
}

const record = /^(\d+),\d+,\d+,[^;]*;(.*)$/;

/** Lines of /dev/kmsg. */
export const kernelMessages = (text: string): LogLine[] => text.split("\n").flatMap((line) => {
  const [, level, said] = record.exec(line) ?? [];
  return level === undefined || said === undefined ? [] : [{ level: Number(level) & 7, text: said }];
});

/** Runs the case's steps in our kernel to their end. `iomem`: of the real kernel, for the place of its windows. */
export async function runTwin({ plan, text }: LinuxCase, iomem: string): Promise<Shown> {
  const { module } = await loadModule();
  const run = openRun(module, movedPlan(plan, iomem), { seed, schedule: "fixed", keepTrace: true, origin: originOf({ text }), isLenient: true });
  silencePorts(run.system.platform, plan.machine);
  while (run.run(() => false) !== "done");
  const { hardware } = run.system;
  const trace = run.traceFile();
  return {
    commands: run.commands, log: kernelMessages(run.files.read("/dev/kmsg")), iomem: run.files.read("/proc/iomem"), registers: decoderValues(hardware, plan.machine),
    faults: faultResults(run.faults).map(({ count }) => count),
    // Steps whose exit status is another than the file says were done all the same: the comparison tells.
    problems: run.refused.filter((one) => !/ ended \d+, not \d+: /.test(one)),
    writes: trace === null ? null : driverWrites(trace),
  };
}
