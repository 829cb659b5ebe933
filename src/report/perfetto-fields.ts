// Field numbers of Perfetto's trace format, as its public .proto files have them (protos/perfetto/trace and below): those that are written here.

export const trace = { packet: 1 } as const;

/** trace_packet.proto */
export const tracePacket = { clockSnapshot: 6, timestamp: 8, trustedPacketSequenceId: 10, trackEvent: 11, internedData: 12, sequenceFlags: 13, timestampClockId: 58, tracePacketDefaults: 59, trackDescriptor: 60, firstPacketOnSequence: 87 } as const;
/** SequenceFlags */
export const sequenceFlags = { incrementalStateCleared: 1, needsIncrementalState: 2 } as const;

/** clock_snapshot.proto */
export const clockSnapshot = { clocks: 1, primaryTraceClock: 2 } as const;
export const clock = { clockId: 1, timestamp: 2 } as const;
/** Nanoseconds since power-on: what virtual time is. */
export const bootTime = 6;

/** track_event/track_descriptor.proto, process_descriptor.proto, thread_descriptor.proto, counter_descriptor.proto */
export const trackDescriptor = { uuid: 1, name: 2, process: 3, thread: 4, parentUuid: 5, counter: 8 } as const;
export const processDescriptor = { pid: 1, processName: 6 } as const;
export const threadDescriptor = { pid: 1, tid: 2, threadName: 5 } as const;
export const counterDescriptor = { unit: 3 } as const;
export const counterUnit = { count: 2, sizeBytes: 3 } as const;

/** track_event/track_event.proto */
export const trackEvent = { categoryIds: 3, debugAnnotations: 4, type: 9, nameId: 10, trackUuid: 11, counterValue: 30 } as const;
export const eventType = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const;

/** track_event/debug_annotation.proto */
export const debugAnnotation = { uintValue: 3, name: 10 } as const;

/** interned_data/interned_data.proto; each entry has its number and its text. */
export const internedData = { eventCategories: 1, eventNames: 2 } as const;
export const internedEntry = { id: 1, name: 2 } as const;
