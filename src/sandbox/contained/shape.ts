// Is what a driver's file exports a driver? Asked before anything of it runs.

import type { DriverModule } from "../../platform/driver.ts";

/** A file that exports no driver; one sentence. */
export class DriverShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DriverShapeError";
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
const example = "write: export default { name: \"my_driver\", match: { kind: \"root-port\" }, start(kernel) { return { probe(device) { return {}; } }; } }";

/** The driver among a file's exports: `default`, or `driver`. @throws DriverShapeError */
export function driverAmong(exports: unknown): DriverModule {
  const found = isObject(exports) ? (exports["default"] ?? exports["driver"]) : undefined;
  if (!isObject(found)) throw new DriverShapeError(`it exports no driver, neither as default nor as \`driver\`; ${example}`);
  const { name, match, start } = found;
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]*$/.test(name)) throw new DriverShapeError(`its driver's name is ${JSON.stringify(name) ?? "missing"}; a name starts with a letter and has a-z, 0-9 and _`);
  if (!isObject(match)) throw new DriverShapeError(`${name} says not what it is for; give it match: { kind: ..., capability: ..., vendor: ..., device: ..., class: ... }`);
  if (typeof start !== "function") throw new DriverShapeError(`${name} has no start(kernel); ${example}`);
  return found as unknown as DriverModule;
}
