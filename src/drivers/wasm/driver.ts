// A WebAssembly module as a driver. The module is foreign: it sees the imports of abi.ts and its own memory, and what it does wrong ends in an error
// number for it or in a WasmDriverError that names it. An endless loop is for whoever runs it in a worker.

import type { DeviceHooks, DriverDevice, DriverInstance, DriverMatch, DriverModule, DriverServices, ErrorAnswer } from "../../platform/driver.ts";
import type { ErrorName, ExportName, ImportName } from "./abi.ts";
import { abiVersion, constants, errorNumbers, exports as exportTable, importModule, imports, nameOf } from "./abi.ts";
import { pageSize, withMemoryLimit } from "./binary.ts";
import { bindImport, callExport, hasExport, tell } from "./bind.ts";
import { Refusal, WasmDriverError } from "./errors.ts";
import { importsOf } from "./imports.ts";
import type { DriverState, WasmValue } from "./state.ts";
import { bytesAt, createState, forgetDevice } from "./state.ts";
import { structureOf } from "./structures.ts";

export { WasmDriverError } from "./errors.ts";

/** Limits of a wasm driver. */
export interface WasmDriverOptions {
  /** Bytes that its memory may grow to, in whole pages of 64 KiB; default 16 MiB. */
  readonly memoryLimit?: number;
}

const defaultMemoryLimit = 16 * 1024 * 1024;
const maximumMatches = 16;
const matchWords = 5;
const driverName = /^[a-z][a-z0-9_]*$/;

/**
 * A driver from a WebAssembly module (built with cxl_sandbox.h, or by hand from the table in docs/c-drivers.md). Of a module as bytes the memory and the
 * table are held to a limit; of a compiled one its memory must have declared a maximum within the limit. Runs `cxl_driver_abi` and `cxl_match` of it.
 * @param name as modules are named: a-z, 0-9 and _
 * @throws WasmDriverError it is no module, imports what there is not, has no memory or too much, was written for another version, or breaks down
 */
export function wasmDriver(name: string, source: WebAssembly.Module | Uint8Array, options: WasmDriverOptions = {}): DriverModule {
  if (!driverName.test(name)) throw new WasmDriverError(name, "a driver's name has a-z, 0-9 and _, and begins with a letter");
  const memoryLimit = options.memoryLimit ?? defaultMemoryLimit;
  const module = source instanceof WebAssembly.Module ? source : compile(name, withMemoryLimit(name, source, memoryLimit));
  checkImports(name, module);
  checkExports(name, module);
  const state = instantiate(name, module);
  if (source instanceof WebAssembly.Module) checkMaximum(state, memoryLimit);
  const version = callExport(state, "cxl_driver_abi", null);
  if (version !== abiVersion) throw new WasmDriverError(name, `it was written for version ${version} of the interface, and this is version ${abiVersion}: build it again with this package's cxl_sandbox.h`);
  const match = matchesOf(state);
  const takesFunction = callExport(state, "cxl_takes_function", null) !== 0;
  return { name, match, takesFunction, start: (services) => start(name, module, services) };
}

function compile(name: string, bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (thrown) {
    throw new WasmDriverError(name, `it does not compile: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** A driver sees our imports and nothing else: no memory, table or global of somebody else's either. */
function checkImports(name: string, module: WebAssembly.Module): void {
  for (const one of WebAssembly.Module.imports(module)) {
    if (one.module === importModule && one.kind === "function" && Object.hasOwn(imports, one.name)) continue;
    throw new WasmDriverError(name, `it imports ${one.kind} "${one.name}" from "${one.module}", which there is not; a driver has the functions of "${importModule}": ${Object.keys(imports).join(", ")}`);
  }
}

function checkExports(name: string, module: WebAssembly.Module): void {
  const found = new Map(WebAssembly.Module.exports(module).map((one) => [one.name, one.kind]));
  if (found.get("memory") !== "memory") throw new WasmDriverError(name, 'it exports no memory called "memory"');
  for (const [one, { isRequired, meaning }] of Object.entries(exportTable)) {
    const kind = found.get(one);
    if (kind === undefined && isRequired) throw new WasmDriverError(name, `it exports no ${one} (${meaning})`);
    if (kind !== undefined && kind !== "function") throw new WasmDriverError(name, `its export ${one} is a ${kind}, not a function`);
  }
}

/** An instance; its imports refuse until it has services. @throws WasmDriverError its start function or its constructors break down */
function instantiate(name: string, module: WebAssembly.Module): DriverState {
  const state = createState(name);
  const functions = importsOf(state);
  const bound = Object.fromEntries((Object.keys(functions) as ImportName[]).map((one) => [one, bindImport(state, one, functions[one])]));
  try {
    state.exports = new WebAssembly.Instance(module, { [importModule]: bound }).exports;
  } catch (thrown) {
    throw new WasmDriverError(name, thrown instanceof Error ? thrown.message : "it threw an exception", "start function");
  }
  state.memory = state.exports["memory"] as WebAssembly.Memory;
  callExport(state, "_initialize", null);
  return state;
}

/** A compiled module's maximum cannot be read; whether it may grow beyond the limit can be tried on an instance that is thrown away. */
function checkMaximum(state: DriverState, limit: number): void {
  const { memory } = state;
  const pages = Math.floor(limit / pageSize);
  const used = (memory?.buffer.byteLength ?? 0) / pageSize;
  const remedy = `link it with -Wl,--max-memory=${pages * pageSize} or give its bytes, which are held to the limit`;
  if (used > pages) throw new WasmDriverError(state.name, `its memory begins with ${used} pages, more than the ${pages} that it may have`);
  try {
    memory?.grow(pages - used + 1);
  } catch {
    return;
  }
  throw new WasmDriverError(state.name, `its memory may grow beyond ${limit} bytes: ${remedy}`);
}

/** What `cxl_match` points to. */
function matchesOf(state: DriverState): DriverMatch[] {
  const pointer = callExport(state, "cxl_match", null) >>> 0;
  const matches: DriverMatch[] = [];
  for (let index = 0; index <= maximumMatches; index++) {
    const words = wordsAt(state, pointer + index * matchWords * 4);
    if (words.every((word) => word === 0)) break;
    if (index === maximumMatches) throw new WasmDriverError(state.name, `more than ${maximumMatches} entries, or no entry of zeros at the end`, "cxl_match");
    matches.push(matchOf(state, words));
  }
  if (matches.length === 0) throw new WasmDriverError(state.name, "it wants no function at all", "cxl_match");
  return matches;
}

function wordsAt(state: DriverState, pointer: number): number[] {
  try {
    const bytes = bytesAt(state, pointer, matchWords * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: matchWords }, (_, index) => view.getUint32(index * 4, true));
  } catch (thrown) {
    throw thrown instanceof Refusal ? new WasmDriverError(state.name, thrown.message, "cxl_match") : thrown;
  }
}

function matchOf(state: DriverState, [kindNumber = 0, structureNumber = 0, vendor = 0, device = 0, classCode = 0]: readonly number[]): DriverMatch {
  const kind = nameOf(constants.kind, kindNumber);
  const structure = structureOf(structureNumber);
  if (kindNumber !== 0 && kind === undefined) throw new WasmDriverError(state.name, `there is no kind ${kindNumber} of functions`, "cxl_match");
  if (structureNumber !== 0 && structure === undefined) throw new WasmDriverError(state.name, `0x${structureNumber.toString(16)} is the number of no structure`, "cxl_match");
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(structure === undefined ? {} : { capability: structure.name }),
    ...(vendor === 0 ? {} : { vendor }),
    ...(device === 0 ? {} : { device }),
    ...(classCode === 0 ? {} : { class: classCode }),
  };
}

function start(name: string, module: WebAssembly.Module, services: DriverServices): DriverInstance {
  const state = instantiate(name, module);
  state.services = services;
  return { probe: (device) => probe(state, services, device) };
}

function probe(state: DriverState, services: DriverServices, device: DriverDevice): DeviceHooks | null {
  state.devices.set(device.id, device);
  const answer = callExport(state, "cxl_probe", device, device.id);
  if (answer === 0) return hooksOf(state, device);
  forgetDevice(state, device);
  if (answer > 0) return null;
  const errno: ErrorName = nameOf(errorNumbers, -answer) ?? "EIO";
  throw services.error(errno, `${state.name}: probe of ${device.name} failed with error ${answer}`);
}

/** Hooks for what the module exports. */
function hooksOf(state: DriverState, device: DriverDevice): DeviceHooks {
  const has = (name: ExportName): boolean => hasExport(state, name);
  const say = (name: ExportName, values: readonly WasmValue[], event?: Uint8Array): void => tell(state, { name, device, values: [device.id, ...values], event });
  return {
    ...(has("cxl_interrupt") ? { interrupt: (message: number) => say("cxl_interrupt", [message]) } : {}),
    ...(has("cxl_isolation") ? { isolation: (source: keyof typeof constants.source) => say("cxl_isolation", [constants.source[source]]) } : {}),
    ...(has("cxl_error") ? { error: (severity: keyof typeof constants.severity, status: number) => answerOf(state, device, constants.severity[severity], status) } : {}),
    ...(has("cxl_event") ? { event: (event: Parameters<NonNullable<DeviceHooks["event"]>>[0]) => say("cxl_event", [constants.event[event.log]], event.record) } : {}),
    ...(has("cxl_reset_done") ? { resetDone: () => void callExport(state, "cxl_reset_done", device, device.id) } : {}),
    remove: () => {
      callExport(state, "cxl_remove", device, device.id);
      forgetDevice(state, device);
    },
  };
}

/** @throws WasmDriverError no such answer */
function answerOf(state: DriverState, device: DriverDevice, severity: number, status: number): ErrorAnswer {
  const number = callExport(state, "cxl_error", device, device.id, severity, status);
  const answer = nameOf(constants.answer, number);
  if (answer === undefined) throw new WasmDriverError(state.name, `there is no answer ${number}; use CXL_ANSWER_*`, "cxl_error", device.name);
  return answer;
}
