// What the adapter keeps for one instance of a wasm driver: functions it was given, objects it holds by number, and its memory, never read or written
// without a check.

import type { ClaimedRange, DriverDevice, DriverRecovery, DriverRegion, DriverRegionPlan, DriverServices } from "../../platform/driver.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import type { ExportName } from "./abi.ts";
import { Refusal } from "./errors.ts";

/** What a driver holds by number. `device`: taken back with it. */
export type DriverObject =
  | { readonly kind: "mapping"; readonly device: number; readonly bus: RegisterBus; readonly offset: number; readonly size: number; readonly unmap: (() => void) | null }
  | { readonly kind: "claim"; readonly device: number; readonly range: ClaimedRange }
  | { readonly kind: "region"; readonly device: number; readonly region: DriverRegion; readonly start: bigint | null; readonly size: bigint | null }
  | { readonly kind: "plan"; readonly device: number; readonly plan: DriverRegionPlan }
  | { readonly kind: "recovery"; readonly device: number; readonly recovery: DriverRecovery };
type Kind = DriverObject["kind"];
type ObjectOf<K extends Kind> = Extract<DriverObject, { readonly kind: K }>;

/** Of an object that belongs to no function. */
export const noDevice = -1;
const maximumObjects = 4096;
const maximumText = 1024;
const maximumList = 4096;

export type WasmValue = number | bigint;

/** A call of an export. `event`: the record that it tells of. */
export interface Call {
  readonly name: ExportName;
  readonly device: DriverDevice | null;
  readonly values: readonly WasmValue[];
  readonly event: Uint8Array | undefined;
}

export interface DriverState {
  readonly name: string;
  /** Undefined until it is started: then every import refuses. */
  services: DriverServices | undefined;
  memory: WebAssembly.Memory | undefined;
  exports: WebAssembly.Exports;
  readonly devices: Map<number, DriverDevice>;
  readonly objects: Map<number, DriverObject>;
  nextObject: number;
  nextRequest: number;
  openRequests: number;
  /** What was said to the last error number. */
  errorText: string;
  /** The record of the event that is being told. */
  event: Uint8Array | undefined;
  /** An export is running; hooks that come meanwhile wait in `deferred`. */
  isRunning: boolean;
  readonly deferred: Call[];
  /** Thrown by a service and not the driver's to handle: it goes on to the kernel even if the driver catches it. */
  thrown: { readonly value: unknown } | undefined;
  /** It broke down: nothing of it is called any more. */
  isDead: boolean;
  warnings: number;
}

export const createState = (name: string): DriverState => ({
  name, services: undefined, memory: undefined, exports: {}, devices: new Map(), objects: new Map(), nextObject: 1, nextRequest: 1, openRequests: 0, errorText: "", event: undefined,
  isRunning: false, deferred: [], thrown: undefined, isDead: false, warnings: 0,
});

/** @throws Refusal ENXIO */
export function servicesOf(state: DriverState): DriverServices {
  if (state.services === undefined) throw new Refusal("ENXIO", "the driver is not started");
  return state.services;
}

/** @throws Refusal ENODEV */
export function deviceOf(state: DriverState, id: number): DriverDevice {
  const device = state.devices.get(id);
  if (device === undefined) throw new Refusal("ENODEV", `${id} is no function that this driver was given`);
  return device;
}

/** @throws Refusal ENOMEM */
export function addObject(state: DriverState, object: DriverObject): number {
  if (state.objects.size >= maximumObjects) throw new Refusal("ENOMEM", `the driver holds ${maximumObjects} objects; give some back with cxl_put`);
  state.objects.set(state.nextObject, object);
  return state.nextObject++;
}

/** @throws Refusal EINVAL */
export function objectOf<K extends Kind>(state: DriverState, number: number, kind: K): ObjectOf<K> {
  const object = state.objects.get(number);
  if (object?.kind !== kind) throw new Refusal("EINVAL", `${number} is ${object === undefined ? "no object of this driver" : `a ${object.kind}`}, not a ${kind}`);
  return object as ObjectOf<K>;
}

/** Gives one back. @throws Refusal EINVAL */
export function putObject(state: DriverState, number: number): void {
  const object = state.objects.get(number);
  if (object === undefined) throw new Refusal("EINVAL", `${number} is no object of this driver`);
  state.objects.delete(number);
  if (object.kind === "mapping") object.unmap?.();
  if (object.kind === "claim") object.range.release();
}

/** A function has gone: so have its numbers. What stands behind them the kernel takes back. */
export function forgetDevice(state: DriverState, device: DriverDevice): void {
  state.devices.delete(device.id);
  for (const [number, object] of state.objects) if (object.device === device.id) state.objects.delete(number);
}

/** The driver's own bytes [pointer, pointer + length). @throws Refusal EFAULT */
export function bytesAt(state: DriverState, pointer: number, length: number): Uint8Array {
  const { buffer } = state.memory ?? { buffer: new ArrayBuffer(0) };
  if (pointer + length > buffer.byteLength) throw new Refusal("EFAULT", `${length} bytes at 0x${pointer.toString(16)} are not in the driver's memory of ${buffer.byteLength} bytes`);
  return new Uint8Array(buffer, pointer, length);
}

/** Line ends, escapes and the like, which would act on a reader's terminal. */
const controlCharacters = /[\p{Cc}\u2028\u2029]/gu;

/** @throws Refusal EFAULT; EINVAL longer than 1024 bytes */
export function textAt(state: DriverState, pointer: number, length: number): string {
  if (length > maximumText) throw new Refusal("EINVAL", `a text of ${length} bytes; it has ${maximumText} at most`);
  return new TextDecoder().decode(bytesAt(state, pointer, length).slice()).replaceAll(controlCharacters, "?");
}

/** Writes text with a NUL, cut short to `capacity` bytes. Gives the length of all of it, without the NUL. @throws Refusal EFAULT */
export function putText(state: DriverState, pointer: number, capacity: number, text: string): number {
  const encoded = new TextEncoder().encode(text);
  const target = bytesAt(state, pointer, capacity);
  if (capacity > 0) {
    const shown = encoded.subarray(0, capacity - 1);
    target.set(shown);
    target[shown.length] = 0;
  }
  return encoded.length;
}

/** A list of i32. @throws Refusal EFAULT; EINVAL more than 4096 */
export function numbersAt(state: DriverState, pointer: number, count: number): number[] {
  if (count > maximumList) throw new Refusal("EINVAL", `a list of ${count}; it has ${maximumList} at most`);
  const bytes = bytesAt(state, pointer, count * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => view.getInt32(index * 4, true));
}

/** @throws Refusal EFAULT */
export function putNumbers(state: DriverState, pointer: number, numbers: readonly number[]): void {
  const bytes = bytesAt(state, pointer, numbers.length * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [index, number] of numbers.entries()) view.setInt32(index * 4, number, true);
}
