// The module's exports as TypeScript sees them, the places of fields in its memory, and how it is loaded.

export interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  rootAddress(): number;
  fieldOffset(field: number): number;
  begin(bridges: number, switches: number, ports: number, devices: number, windows: number, rams: number, entries: number, requesters: number, probes: number, mediaPages: number, traceRecords: number, handles: number, cdatBytes: number, mailboxBytes: number, cacheSets: number, cacheWays: number): number;
  addBridge(segment: number, busStart: number, busEnd: number, baseLow: number, baseHigh: number, decoders: number): number;
  addPort(parent: number, deviceNumber: number, portNumber: number, capacity: number, trainingLow: number, trainingHigh: number): number;
  addSwitch(port: number, isPlugged: number, decoders: number, latency: number): number;
  addDevice(port: number, isPlugged: number, volatileLow: number, volatileHigh: number, capacityLow: number, capacityHigh: number, barLow: number, barHigh: number, decoders: number, readLatency: number, writeLatency: number, readyLow: number, readyHigh: number, resetLow: number, resetHigh: number, preserves: number): number;
  /** Address in the module's memory where the CDAT goes. */
  addCdat(entity: number, bytes: number): number;
  sizeOfMailbox(payloadShift: number, records: number, poisonRecords: number, regions: number, extents: number): number;
  addMailbox(entity: number, payloadShift: number, poisonRecords: number, regions: number, extents: number, readyLow: number, readyHigh: number): void;
  addEventLog(entity: number, log: number, depth: number): void;
  addRegion(entity: number, baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number, blockLow: number, blockHigh: number): void;
  firmwareSlots(entity: number): number;
  factoryPart(entity: number, part: number): number;
  addWindow(baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number, ways: number, granularityShift: number, position: number, target: number): void;
  addXorMap(low: number, high: number): void;
  addRam(baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number): void;
  setKey(entity: number, key: number, value: number): void;
  setOption(option: number, low: number, high: number): void;
  finish(): void;
  configRead(address: number, offset: number, width: number): number;
  configWrite(address: number, offset: number, width: number, value: number): void;
  map(baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number): number;
  unmap(handle: number): void;
  unmapAll(): void;
  lookUpHandles(): void;
  read(handle: number, offset: number, width: number): number;
  write(handle: number, offset: number, width: number, low: number, high: number): void;
  loadMemory(low: number, high: number, width: number): number;
  storeMemory(low: number, high: number, width: number, valueLow: number, valueHigh: number): number;
  request(requester: number, width: number, low: number, high: number, valueLow: number, valueHigh: number, isDirect: number): number;
  invalidateCache(low: number, high: number, sizeLow: number, sizeHigh: number): void;
  takeCompletion(): number;
  takeInterrupt(): number;
  isStalled(requester: number): number;
  routeOf(low: number, high: number): number;
  latencyOf(port: number, low: number, high: number, isWrite: number): number;
  nextEvent(): number;
  advanceTo(low: number, high: number): void;
  spend(nanoseconds: number): void;
  resetMachine(isWarm: number): void;
  account(port: number, reads: number, writes: number, dropped: number): void;
  traceWrite(layer: number, kind: number, a: number, b: number, c: number, d: number, e: number, f: number): void;
  pokeRam(low: number, high: number, byte: number): void;
  zeroMemory(low: number, high: number, sizeLow: number, sizeHigh: number): void;
  /** 0: a load would be answered by the cache, 1: by media, 0xffffffff: nowhere; eight aligned bytes at `syncValue`. */
  peekView(low: number, high: number): number;
  peekMedia(device: number, low: number, high: number): number;
  arm(id: number, match: number, entity: number, low: number, high: number, mask: number, value: number, timeLow: number, timeHigh: number, skip: number, count: number, action: number, target: number, argumentLow: number, argumentHigh: number, extra: number): number;
  probePayload(id: number): number;
  setProbeTimes(id: number, delayLow: number, delayHigh: number, periodLow: number, periodHigh: number): void;
  comes(id: number): void;
  probeBefore(id: number): number;
  deviceState(device: number, what: number): number;
  nextPoisonedLine(device: number, low: number, high: number): number;
  disarm(id: number): void;
  probeFired(id: number): number;
  probeMatches(id: number): number;
  probeFirst(id: number): number;
  probeLast(id: number): number;
  decodeMany(count: number): number;
  readMany(handle: number, count: number): number;
  peek(entity: number, offset: number): number;
  portState(port: number, what: number): number;
}

/** Fields that the host reads from memory, in the order of `fieldOffset` in assembly/inspect.ts. */
const fieldNames = [
  "now", "nextDeadline", "digests", "tracePending", "traceBase", "resultHigh", "routeGeneration", "hostState", "hostStateAt", "limits", "interruptCount", "armedRequest", "stateEnd",
  "mediaBase", "mediaUsed", "syncValue", "completionRequester", "completionWidth", "completionStatus", "completionAddress", "completionIssued", "completionCompleted", "completionValue", "pendingEffects", "poisonedLines", "nextProbeTime",
  "traceCapacity",
] as const;
type FieldName = (typeof fieldNames)[number];

/** Word indexes (byte offset / 4) of the fields; those of the root are absolute, those of a completion relative to it. */
export type MemoryMap = Readonly<Record<FieldName, number>>;

export function readMemoryMap(exports: ModuleExports): MemoryMap {
  const root = exports.rootAddress();
  const entries = fieldNames.map((name, field) => {
    const offset = exports.fieldOffset(field) >>> 0;
    if (offset === 0xffff_ffff) throw new Error(`hardware module knows no field "${name}": module and package do not belong together, run npm run build`);
    return [name, (offset + (name.startsWith("completion") ? 0 : root)) >>> 2] as const;
  });
  return Object.fromEntries(entries) as MemoryMap;
}

/** The module could not be loaded. */
export class ModuleLoadError extends Error {
  constructor(url: string, reason: string) {
    super(`cannot load the hardware module ${url}: ${reason}; run "npm run build"`);
    this.name = "ModuleLoadError";
  }
}

export type ModuleVariant = "release" | "checked";

/** Compiles the module: from the file system in Node, by fetch elsewhere. The checked build is the tests' own, the package is without it. @throws ModuleLoadError */
export async function loadModule(variant: ModuleVariant = "release"): Promise<{ readonly module: WebAssembly.Module; readonly bytes: Uint8Array }> {
  const url = variant === "release" ? new URL("../../build/hardware.wasm", import.meta.url) : new URL(/* @vite-ignore */ "../../build/hardware.checked.wasm", import.meta.url);
  const bytes = await readBytes(url);
  return { module: await WebAssembly.compile(bytes), bytes };
}

async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (url.protocol === "file:") {
      const { readFile } = await import(/* @vite-ignore */ "node:fs/promises");
      return new Uint8Array(await readFile(url));
    }
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new ModuleLoadError(url.href, error instanceof Error ? error.message : String(error));
  }
}
