// What drivers do to devices, in order: enables, HDM decoders, mailbox commands with their ends. How often they read while they wait is a matter of speed
// and is left out.

import { dvsecDevice } from "../../registers/dvsec-device.ts";
import { hdmDecoderDevice } from "../../registers/hdm-decoder.ts";
import { extract } from "../../src/platform/registers.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { createRegisterWords, registerAccessOf } from "../../src/scenario/trace/register-words.ts";
import { createTraceWords, hardwareKinds } from "../../src/scenario/trace/words.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import type { Difference } from "./compare.ts";

/** Lines by stream: one for the registers of each device, one for its commands, one for the commits of all. */
export type DriverWrites = ReadonlyMap<string, readonly string[]>;

const ofInterest = [dvsecDevice.name, hdmDecoderDevice.name].map((name) => `${name}.`);
const decoderControl = new RegExp(`^${hdmDecoderDevice.name}\\.control\\[`);
const { commit } = hdmDecoderDevice.registers.control.fields;

/** Takes the streams out of a trace with access and hardware records. */
export function driverWrites(trace: TraceFile): DriverWrites {
  const streams = new Map<string, string[]>();
  const add = (stream: string, line: string): void => {
    const lines = streams.get(stream);
    if (lines === undefined) streams.set(stream, [line]);
    else lines.push(line);
  };
  const registers = createRegisterWords(trace);
  const words = createTraceWords(trace);
  for (let index = 0; index < trace.records.length / recordWords; index++) {
    const record = readRecord(trace.records, index);
    if (record.layer === "hardware") {
      const [, part = "", what = ""] = hardwareKinds[record.kind] === "command" ? (/^([^:]+): (.*)$/.exec(words(record)) ?? []) : [];
      if (part !== "") add(`commands of ${part}`, what);
      continue;
    }
    const access = registerAccessOf(record);
    if (access === undefined || !access.isWrite || trace.kinds.get(access.part) !== "device") continue;
    const { part, space, offset, width, low, high, before } = access;
    const place = registers.nameAt(part, space, offset, width);
    if (!ofInterest.some((name) => place.startsWith(name))) continue;
    const name = trace.parts.get(part) ?? "";
    const value = ((BigInt(high) << 32n) | BigInt(low)).toString(16);
    add(`registers of ${name}`, `${place} <- 0x${value}`);
    if (decoderControl.test(place) && (extract(commit, low) === 1 || extract(commit, before) === 1)) add("commits of all", `${name} ${place} <- 0x${value}`);
  }
  return streams;
}

/** Streams held against each other line by line, up to the first that is another. */
export function partings(real: DriverWrites, ours: DriverWrites): { readonly equal: number; readonly partings: readonly Difference[] } {
  let equal = 0;
  const found: Difference[] = [];
  for (const stream of new Set([...real.keys(), ...ours.keys()])) {
    const [theirs, own] = [real.get(stream) ?? [], ours.get(stream) ?? []];
    const at = theirs.findIndex((line, index) => line !== own[index]);
    const same = at < 0 ? theirs.length : at;
    equal += same;
    if (same < Math.max(theirs.length, own.length)) found.push({ place: `${stream} from number ${same + 1} of ${theirs.length}`, real: theirs[same], ours: own[same] });
  }
  return { equal, partings: found };
}
