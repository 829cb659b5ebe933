// The perfetto reporter: a file for each run that the Perfetto UI opens, made of its trace. Times are virtual nanoseconds since power-on.

import type { TraceFile } from "../scenario/trace/file.ts";
import { bootTime, clock, clockSnapshot, counterDescriptor, counterUnit, debugAnnotation, eventType, internedData, internedEntry, processDescriptor, sequenceFlags, threadDescriptor, trace, tracePacket, trackDescriptor, trackEvent } from "./perfetto-fields.ts";
import { shownEvents } from "./perfetto-model.ts";
import type { ProcessName, ShownEvent, ShownTrack } from "./perfetto-model.ts";
import { ProtobufMessage } from "./protobuf.ts";
import type { ReportFile, Reporter, RunReport } from "./reporter.ts";

/** Everything is written by one writer. */
const sequence = 1;
const processes: readonly ProcessName[] = ["scenario", "machine", "kernel", "workloads"];
const message = (): ProtobufMessage => new ProtobufMessage();

/** Texts that were written once and have a number from then on. */
class Interned {
  readonly #ids = new Map<string, number>();
  readonly #field: number;
  constructor(field: number) {
    this.#field = field;
  }

  /** The number of a text; it is added to `into` when it is new. */
  idOf(text: string, into: ProtobufMessage): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#ids.size + 1;
    this.#ids.set(text, id);
    into.message(this.#field, message().number(internedEntry.id, id).text(internedEntry.name, text));
    return id;
  }
}

/** The first packet: the clock, and that nothing was told before. */
function openingPacket(): ProtobufMessage {
  const snapshot = message().message(clockSnapshot.clocks, message().number(clock.clockId, bootTime).number(clock.timestamp, 0)).number(clockSnapshot.primaryTraceClock, bootTime);
  return message().number(tracePacket.trustedPacketSequenceId, sequence).number(tracePacket.sequenceFlags, sequenceFlags.incrementalStateCleared).number(tracePacket.firstPacketOnSequence, 1)
    .message(tracePacket.clockSnapshot, snapshot).message(tracePacket.tracePacketDefaults, message().number(tracePacket.timestampClockId, bootTime));
}

const packet = (): ProtobufMessage => message().number(tracePacket.trustedPacketSequenceId, sequence).number(tracePacket.sequenceFlags, sequenceFlags.needsIncrementalState);

/** Processes have the numbers 1 to 4, their tracks the numbers behind. */
function processPacket(name: ProcessName): ProtobufMessage {
  const pid = processes.indexOf(name) + 1;
  return packet().message(tracePacket.trackDescriptor, message().number(trackDescriptor.uuid, pid).text(trackDescriptor.name, name).message(trackDescriptor.process, message().number(processDescriptor.pid, pid).text(processDescriptor.processName, name)));
}

function trackPacket({ process, name, unit }: ShownTrack, uuid: number): ProtobufMessage {
  const pid = processes.indexOf(process) + 1;
  const descriptor = message().number(trackDescriptor.uuid, uuid).number(trackDescriptor.parentUuid, pid).text(trackDescriptor.name, name);
  if (unit === undefined) descriptor.message(trackDescriptor.thread, message().number(threadDescriptor.pid, pid).number(threadDescriptor.tid, uuid).text(threadDescriptor.threadName, name));
  else descriptor.message(trackDescriptor.counter, message().number(counterDescriptor.unit, unit === "bytes" ? counterUnit.sizeBytes : counterUnit.count));
  return packet().message(tracePacket.trackDescriptor, descriptor);
}

function eventPacket(event: ShownEvent, uuid: number, names: Interned, categories: Interned): ProtobufMessage {
  const interned = message();
  const made = message().number(trackEvent.trackUuid, uuid);
  if (event.kind === "counter") made.number(trackEvent.type, eventType.counter).number(trackEvent.counterValue, event.value);
  else if (event.kind === "end") made.number(trackEvent.type, eventType.sliceEnd);
  else {
    made.number(trackEvent.type, event.kind === "begin" ? eventType.sliceBegin : eventType.instant).number(trackEvent.categoryIds, categories.idOf(event.category, interned)).number(trackEvent.nameId, names.idOf(event.name, interned));
    if (event.count > 1) made.message(trackEvent.debugAnnotations, message().text(debugAnnotation.name, "times").number(debugAnnotation.uintValue, event.count));
  }
  const whole = packet().number(tracePacket.timestamp, event.atNs).message(tracePacket.trackEvent, made);
  return interned.finish().length === 0 ? whole : whole.message(tracePacket.internedData, interned);
}

/** The bytes of a file for Perfetto. */
export function perfettoTrace(events: readonly ShownEvent[]): Uint8Array {
  const whole = message().message(trace.packet, openingPacket());
  for (const name of processes) whole.message(trace.packet, processPacket(name));
  const uuids = new Map<ShownTrack, number>();
  const [names, categories] = [new Interned(internedData.eventNames), new Interned(internedData.eventCategories)];
  for (const event of events) {
    const known = uuids.get(event.track);
    const uuid = known ?? processes.length + 1 + uuids.size;
    if (known === undefined) {
      uuids.set(event.track, uuid);
      whole.message(trace.packet, trackPacket(event.track, uuid));
    }
    whole.message(trace.packet, eventPacket(event, uuid, names, categories));
  }
  return whole.finish();
}

/** Names of the runs' files: the scenario's own name and the seed; its whole path where two would have one name. */
function nameOf(run: RunReport, place: number, target: string | undefined): string {
  if (target !== undefined && run.traces.size === 1) return target;
  const titleOf = (index: number, isLong: boolean): string => {
    const { file, seed } = run.result.scenarios[index] ?? { file: "", seed: 0 };
    const bare = file.replace(/\.ya?ml$/, "");
    return `${isLong ? bare.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+/, "") : bare.slice(bare.search(/[^/\\]*$/))}-seed${seed}`;
  };
  const short = titleOf(place, false);
  const isTaken = [...run.traces.keys()].some((other) => other !== place && titleOf(other, false) === short);
  const name = isTaken ? titleOf(place, true) : short;
  return target === undefined ? `${name}.pftrace` : `${target.replace(/\.pftrace$/, "")}-${name}.pftrace`;
}

function fileOf(run: RunReport, place: number, file: TraceFile, target: string | undefined): ReportFile[] {
  const result = run.result.scenarios[place];
  return result === undefined ? [] : [{ name: nameOf(run, place, target), content: perfettoTrace(shownEvents(file, result)) }];
}

/** One NAME-seedS.pftrace for each run; with FILE, that one where there is one run, and FILE-NAME-seedS.pftrace where there are more. */
export const perfetto: Reporter = {
  name: "perfetto",
  summary: "a file for each run that the Perfetto UI opens: links, ports, kernel, machine checks",
  needs: { details: "none", traces: "all" },
  report: (run, _surroundings, target) => ({ files: [...run.traces].flatMap(([place, file]) => fileOf(run, place, file, target)) }),
};
