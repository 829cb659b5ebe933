// Perfetto's trace format as its public .proto files have it, as far as it is written here: field numbers were taken from those files, not from what writes them.

import protobuf from "protobufjs";

const field = (id: number, type: string): { readonly id: number; readonly type: string } => ({ id, type });
const list = (id: number, type: string): { readonly id: number; readonly type: string; readonly rule: "repeated" } => ({ id, type, rule: "repeated" });

const types = {
  Trace: { packet: list(1, "TracePacket") },
  TracePacket: {
    clockSnapshot: field(6, "ClockSnapshot"), timestamp: field(8, "uint64"), trustedPacketSequenceId: field(10, "uint32"), trackEvent: field(11, "TrackEvent"), internedData: field(12, "InternedData"), sequenceFlags: field(13, "uint32"),
    timestampClockId: field(58, "uint32"), tracePacketDefaults: field(59, "TracePacketDefaults"), trackDescriptor: field(60, "TrackDescriptor"), firstPacketOnSequence: field(87, "bool"),
  },
  TracePacketDefaults: { timestampClockId: field(58, "uint32") },
  ClockSnapshot: { clocks: list(1, "Clock"), primaryTraceClock: field(2, "uint32") },
  Clock: { clockId: field(1, "uint32"), timestamp: field(2, "uint64"), isIncremental: field(3, "bool"), unitMultiplierNs: field(4, "uint64") },
  TrackDescriptor: { uuid: field(1, "uint64"), name: field(2, "string"), process: field(3, "ProcessDescriptor"), thread: field(4, "ThreadDescriptor"), parentUuid: field(5, "uint64"), counter: field(8, "CounterDescriptor") },
  ProcessDescriptor: { pid: field(1, "int32"), processName: field(6, "string") },
  ThreadDescriptor: { pid: field(1, "int32"), tid: field(2, "int32"), threadName: field(5, "string") },
  CounterDescriptor: { unit: field(3, "uint32") },
  TrackEvent: { categoryIids: list(3, "uint64"), debugAnnotations: list(4, "DebugAnnotation"), type: field(9, "uint32"), nameIid: field(10, "uint64"), trackUuid: field(11, "uint64"), counterValue: field(30, "int64") },
  DebugAnnotation: { uintValue: field(3, "uint64"), stringValue: field(6, "string"), name: field(10, "string") },
  InternedData: { eventCategories: list(1, "InternedText"), eventNames: list(2, "InternedText") },
  InternedText: { iid: field(1, "uint64"), name: field(2, "string") },
};

/** They are files of version 2 of the language: numbers in a list stand one by one, and a zero is there when it was written. */
const edition = "proto2";
const nested = Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, { edition, fields: fields as unknown as { [name: string]: protobuf.IField } }]));
const root = protobuf.Root.fromJSON({ edition, nested } as protobuf.INamespace);

interface InternedText { readonly iid: number; readonly name: string }

export interface TracePacket {
  readonly timestamp?: number;
  readonly trustedPacketSequenceId?: number;
  readonly sequenceFlags?: number;
  readonly firstPacketOnSequence?: boolean;
  readonly clockSnapshot?: { readonly clocks: readonly { readonly clockId: number; readonly timestamp: number }[]; readonly primaryTraceClock: number };
  readonly tracePacketDefaults?: { readonly timestampClockId: number };
  readonly trackDescriptor?: { readonly uuid: number; readonly name: string; readonly parentUuid?: number; readonly process?: { readonly pid: number; readonly processName: string }; readonly thread?: { readonly pid: number; readonly tid: number; readonly threadName: string }; readonly counter?: { readonly unit: number } };
  readonly trackEvent?: { readonly type: number; readonly trackUuid: number; readonly nameIid?: number; readonly categoryIids?: readonly number[]; readonly counterValue?: number; readonly debugAnnotations?: readonly { readonly name: string; readonly uintValue: number }[] };
  readonly internedData?: { readonly eventCategories?: readonly InternedText[]; readonly eventNames?: readonly InternedText[] };
}

/** The packets of a file; @throws Error it is none, or has a field that is not known here */
export function readPerfetto(bytes: Uint8Array): TracePacket[] {
  const type = root.lookupType("Trace");
  const decoded = type.decode(bytes);
  if (type.encode(decoded).finish().length !== bytes.length) throw new Error("the file has fields that the reader does not know");
  return (type.toObject(decoded, { longs: Number }) as { readonly packet: TracePacket[] }).packet;
}
