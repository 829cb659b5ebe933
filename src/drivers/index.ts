// `cxl-sandbox/drivers`: the drivers that come with the package, as modules that any machine takes, and what is needed to write one.

export { defineDriver } from "./define.ts";
export { isolation } from "./isolation/driver.ts";
export type * from "../platform/driver.ts";
