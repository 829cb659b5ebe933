// `cxl-sandbox/drivers`: the drivers that come with the package, as modules, and the adapter for drivers in WebAssembly.

export { isolation } from "./isolation/driver.ts";
export { wasmDriver, WasmDriverError } from "./wasm/driver.ts";
export type { WasmDriverOptions } from "./wasm/driver.ts";
export type { DriverModule } from "../platform/driver.ts";
