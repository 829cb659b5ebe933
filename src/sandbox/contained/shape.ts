// The driver that a file exports, or is.

import { checkDriver } from "../../platform/driver-check.ts";
import { wasmDriver } from "../../drivers/wasm/driver.ts";
import type { DriverModule } from "../../platform/driver.ts";

export type { DriverModule } from "../../platform/driver.ts";
export { textOfThrown } from "../../sim/thrown.ts";

/** The driver among a file's exports: `default`, or `driver`. @throws TypeError there is none, or it lacks a part */
export function driverAmong(exports: Readonly<Record<string, unknown>>): DriverModule {
  const found = exports["default"] ?? exports["driver"];
  if (found === undefined) throw new TypeError("it exports no driver; write `export default defineDriver({ name, match, start })`, or export one named `driver`");
  return checkDriver(found);
}

/** The name of a driver that is a WebAssembly module: its file's, as modules are named. */
function nameOfFile(file: string): string {
  const name = (file.split("/").at(-1) ?? file).replace(/\.wasm$/, "").toLowerCase().replaceAll(/[^a-z0-9_]/g, "_");
  return /^[a-z]/.test(name) ? name : `driver_${name}`;
}

/** The driver that a WebAssembly module is. @throws WasmDriverError */
export const driverOfWasm = (file: string, bytes: Uint8Array): DriverModule => wasmDriver(nameOfFile(file), bytes);
