// `cxl-sandbox/drivers`: the drivers that come with the package, as modules; the adapter for drivers in WebAssembly; what is needed to write one.

export { defineDriver } from "./define.ts";
export { isolation } from "./isolation/driver.ts";
export { WasmDriverError, wasmDriver } from "./wasm/driver.ts";
export type { WasmDriverOptions } from "./wasm/driver.ts";
export type * from "../platform/driver.ts";
