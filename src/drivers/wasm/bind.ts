// The wall around a wasm driver: what goes in and out of its instance. Arguments are brought to the types of the table, errors become numbers, and what
// is not the driver's to handle passes it by.

import type { DriverDevice } from "../../platform/driver.ts";
import type { AbiFunction, AbiType, ExportName, ImportName, Imports } from "./abi.ts";
import { abiTypes, errorNumbers, imports } from "./abi.ts";
import { Refusal, WasmDriverError } from "./errors.ts";
import type { Call, DriverState, WasmValue } from "./state.ts";

type Value<T extends AbiType> = T extends "void" ? void : (typeof abiTypes)[T]["wasm"] extends "i64" ? bigint : number;
type Values<P extends AbiFunction["parameters"]> = { readonly [I in keyof P]: P[I] extends readonly [string, infer T extends AbiType] ? Value<T> : never };
/** An import's code: unsigned values but for i32 and i64; it throws a Refusal, or what a service throws. */
export type ImportFunctions = { readonly [K in ImportName]: (...values: Values<Imports[K]["parameters"]>) => Value<Imports[K]["result"]> };

const maximumWarnings = 16;

/** An argument as its type has it. @throws WasmDriverError the module declares the import with another type */
function convert(state: DriverState, name: string, type: AbiType, value: unknown): WasmValue {
  if (abiTypes[type].wasm === "i64") {
    if (typeof value === "bigint") return type === "u64" ? BigInt.asUintN(64, value) : value;
  } else if (typeof value === "number" && Number.isInteger(value)) return type === "i32" ? value | 0 : value >>> 0;
  throw new WasmDriverError(state.name, `it declares the import ${name} with other types than cxl_sandbox.h`);
}

/** The import as the module sees it. */
export function bindImport(state: DriverState, name: ImportName, code: (...values: never[]) => WasmValue | void): (...values: unknown[]) => WasmValue | void {
  const { parameters, result }: AbiFunction = imports[name];
  const types = parameters.map(([, type]) => type);
  return (...values) => {
    if (state.thrown !== undefined) throw state.thrown.value;
    try {
      for (const [index, type] of types.entries()) values[index] = convert(state, name, type, values[index]);
      return code(...(values as never[]));
    } catch (thrown) {
      return answerOf(state, name, result, thrown);
    }
  };
}

/** The answer to a call that failed. @throws what is not the driver's to handle */
function answerOf(state: DriverState, name: ImportName, result: AbiType, thrown: unknown): WasmValue | void {
  const error = thrown instanceof Refusal ? { number: errorNumbers[thrown.errno], message: thrown.message } : state.services?.errorOf(thrown);
  if (error === undefined) {
    state.thrown = { value: thrown };
    throw thrown;
  }
  state.errorText = error.message;
  if (thrown instanceof Refusal) warn(state, `${name}: ${error.message}`);
  if (result === "void") return;
  if (result === "u64") return -1n;
  if (result === "u32") return -1;
  return result === "i64" ? -BigInt(error.number) : -error.number;
}

function warn(state: DriverState, text: string): void {
  if (state.services === undefined || state.warnings === maximumWarnings) return;
  state.warnings++;
  state.services.log("warn", `${state.name}: ${text}${state.warnings === maximumWarnings ? " (the last of these warnings)" : ""}`);
}

export const hasExport = (state: DriverState, name: ExportName): boolean => typeof state.exports[name] === "function";

/** Runs an export. @throws WasmDriverError it trapped, ran out of stack, threw, or gave another type; or what a service threw past it */
function invoke(state: DriverState, { name, device, values, event }: Call): number {
  const code = state.exports[name];
  if (typeof code !== "function" || state.isDead) return 0;
  let result: unknown;
  state.event = event;
  try {
    result = code(...values);
  } catch (thrown) {
    state.isDead = true;
    throw faultOf(state, name, device?.name ?? "", thrown);
  }
  if (state.thrown !== undefined) throw faultOf(state, name, device?.name ?? "", state.thrown.value);
  if (result !== undefined && typeof result !== "number") throw new WasmDriverError(state.name, "it does not give what the interface says: see cxl_sandbox.h", name, device?.name);
  return result ?? 0;
}

/** Calls an export, then those that were deferred meanwhile; while one runs, nothing else of the driver does, and 0 is the answer. @throws as `invoke` */
export function callExport(state: DriverState, name: ExportName, device: DriverDevice | null, ...values: WasmValue[]): number {
  if (state.isRunning) return 0;
  state.isRunning = true;
  try {
    const result = invoke(state, { name, device, values, event: undefined });
    runDeferred(state);
    return result;
  } finally {
    state.isRunning = false;
  }
}

/** Calls a hook without an answer: now, or when the export that runs has returned, as an interrupt that is masked meanwhile. @throws as `invoke` */
export function tell(state: DriverState, call: Call): void {
  state.deferred.push(call);
  if (state.isRunning) return;
  state.isRunning = true;
  try {
    runDeferred(state);
  } finally {
    state.isRunning = false;
  }
}

function runDeferred(state: DriverState): void {
  for (let next = state.deferred.shift(); next !== undefined; next = state.deferred.shift()) invoke(state, next);
}

const stackTexts = /call stack|recursion/;

/** A service's own throw goes on as it is, unless the driver had used up the stack. */
function faultOf(state: DriverState, name: ExportName, device: string, thrown: unknown): unknown {
  const isOverflow = thrown instanceof Error && stackTexts.test(thrown.message);
  if (state.thrown !== undefined && !isOverflow) {
    if (thrown instanceof WasmDriverError) return new WasmDriverError(state.name, thrown.problem, name, device);
    return state.thrown.value;
  }
  const text = isOverflow ? "stack overflow" : thrown instanceof Error ? thrown.message : "it threw an exception";
  return new WasmDriverError(state.name, `${text}${placeOf(thrown)}`, name, device);
}

/** The innermost frame in the module: as engines write it, `name (wasm://...:wasm-function[6]:0xfa)`. */
function placeOf(thrown: unknown): string {
  const frame = /(?:at |^)([\w.$]+)? ?[(@]?wasm:.*:wasm-function\[(\d+)\]:(0x[0-9a-f]+)/m.exec(thrown instanceof Error ? (thrown.stack ?? "") : "");
  return frame === null ? "" : ` (in ${frame[1] ?? `function ${frame[2]}`}, byte ${frame[3]} of the module)`;
}
