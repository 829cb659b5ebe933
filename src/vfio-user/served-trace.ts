// A trace of a served machine, replayed: the machine is built from the header, and every access of the trace and every act from outside is done to it
// again at its virtual time. No client and no socket; what the hardware answers has to be what the trace says.

import { cacheMemoryRange, deviceBar } from "../../registers/constants.ts";
import type { Space } from "../platform/register-places.ts";
import { spaces } from "../platform/register-places.ts";
import { judgeReplay } from "../sandbox/replay.ts";
import type { ReplayOptions, ReplayResult } from "../sandbox/replay.ts";
import { planScenario } from "../scenario/plan.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import type { OutsideAct, ServedHeader } from "../scenario/trace/header.ts";
import { accessKinds } from "../scenario/trace/words.ts";
import { readRecord, recordWords } from "../sim/trace.ts";
import type { TraceRecord } from "../sim/trace.ts";
import type { LocalMachine } from "./served-machine.ts";
import { serveMachine } from "./served-machine.ts";

/** A trace that no served machine of this release could have written; it says what does not fit. */
export class UnfitServedTraceError extends Error {}

const kindOf = (name: (typeof accessKinds)[number]): number => accessKinds.indexOf(name);
const [configRead, configWrite, mmioRead, mmioWrite] = [kindOf("config read"), kindOf("config write"), kindOf("mmio read"), kindOf("mmio write")];
const nobody = 0xffff_ffff;
/** Where the registers of each space begin in a device's BAR. */
const areas: Readonly<Partial<Record<Space, number>>> = { component: cacheMemoryRange.offset, messages: deviceBar.messages, device: deviceBar.device };

const wide = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);

/** Where an access to memory went: function and offset in its BAR. */
function placeOf(machine: LocalMachine, { a, b, e, f }: TraceRecord): { readonly handle: LocalMachine["functions"][number]["handle"]; readonly offset: number } | undefined {
  if (a !== nobody) {
    const one = machine.functions.find(({ placed }) => placed.entity === a);
    const area = areas[spaces[e >>> 16] ?? "config"];
    return one === undefined || area === undefined ? undefined : { handle: one.handle, offset: (b + area) >>> 0 };
  }
  const address = wide(b, f);
  const one = machine.functions.find(({ handle: { base, size } }) => address >= base && address < base + size);
  return one === undefined ? undefined : { handle: one.handle, offset: Number(address - one.handle.base) };
}

/** Does one access again; false: a served machine has no such access. */
function accessAgain(machine: LocalMachine, config: LocalMachine["config"], record: TraceRecord): boolean {
  const { kind, a, b, c, d, e } = record;
  const width = e & 0xff;
  if (![1, 2, 4, 8].includes(width)) return false;
  if (kind === configRead || kind === configWrite) {
    if (width === 8) return false;
    const isRead = kind === configRead;
    if (width === 1) void (isRead ? config.read8(a, b) : config.write8(a, b, c));
    else if (width === 2) void (isRead ? config.read16(a, b) : config.write16(a, b, c));
    else void (isRead ? config.read32(a, b) : config.write32(a, b, c));
    return true;
  }
  const place = kind === mmioRead || kind === mmioWrite ? placeOf(machine, record) : undefined;
  if (place === undefined) return false;
  const { handle, offset } = place;
  const isRead = kind === mmioRead;
  if (width === 1) void (isRead ? handle.read8(offset) : handle.write8(offset, c));
  else if (width === 2) void (isRead ? handle.read16(offset) : handle.write16(offset, c));
  else if (width === 4) void (isRead ? handle.read32(offset) : handle.write32(offset, c));
  else void (isRead ? handle.read64(offset) : handle.write64(offset, wide(c, d)));
  return true;
}

/** What the clients' sockets did changes no register; it stands in the trace for its reader. */
function actAgain(machine: LocalMachine, act: OutsideAct): void {
  machine.pass(act.atNs);
  if (act.kind === "ready") machine.faults.ready();
  if (act.kind !== "inject") return;
  const injected = machine.faults.inject(act.fault);
  if ("problem" in injected) throw new UnfitServedTraceError(`the fault that was injected at ${act.atNs} ns is refused here: ${injected.problem}`);
}

/** @throws UnfitServedTraceError the acts are not in order, or not within the records */
function checkActs({ built, acts }: ServedHeader, count: number): void {
  let before: Pick<OutsideAct, "atNs" | "records"> = { atNs: 0, records: built };
  for (const [index, act] of acts.entries()) {
    if (act.records < before.records || act.records > count || act.atNs < before.atNs) throw new UnfitServedTraceError(`act ${index + 1} of the header (${act.kind}) is at ${act.atNs} ns after ${act.records} records, which is not between the one before and the end of its ${count} records: the header is damaged`);
    before = act;
  }
}

function driveAgain(machine: LocalMachine, { records }: TraceFile, served: ServedHeader): void {
  const count = records.length / recordWords;
  checkActs(served, count);
  const acts = [...served.acts];
  const actsAt = (index: number): void => {
    for (let act = acts[0]; act !== undefined && act.records <= index; act = acts[0]) {
      acts.shift();
      actAgain(machine, act);
    }
  };
  for (let index = served.built; index < count; index++) {
    actsAt(index);
    const record = readRecord(records, index);
    if (record.layer !== "access") continue;
    machine.pass(record.time);
    if (!accessAgain(machine, machine.config, record)) throw new UnfitServedTraceError(`record ${index} is an access (kind ${record.kind}, width ${record.e & 0xff}) that no client of a served device can make`);
    machine.deliver();
  }
  actsAt(count);
}

/**
 * Drives the machine of a served trace again and compares every record. @throws ScenarioFileError this release refuses its scenario
 * @throws UnfitServedTraceError @throws RangeError the trace is a run's
 */
export function replayServed(module: WebAssembly.Module, trace: TraceFile, options: ReplayOptions): ReplayResult {
  const { header: { served, file, scenario, includes, seed, tool } } = trace;
  if (served === undefined) throw new RangeError("the trace is that of a run, not of a served machine");
  const plan = planScenario(file, scenario, "refused", includes);
  const machine = serveMachine(module, plan, { seed, trace: { file, origin: { tool, scenario, includes, drivers: [] }, most: Number.MAX_SAFE_INTEGER } });
  driveAgain(machine, trace, served);
  const actual = machine.traceFile();
  if (actual === null) throw new Error("a machine that keeps its trace has none");
  return judgeReplay(trace, actual, options, false);
}
