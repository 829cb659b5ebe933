// The driver that a file exports.

import { checkDriver } from "../../platform/driver-check.ts";
import type { DriverModule } from "../../platform/driver.ts";

export type { DriverModule } from "../../platform/driver.ts";

/** The driver among a file's exports: `default`, or `driver`. @throws TypeError there is none, or it lacks a part */
export function driverAmong(exports: Readonly<Record<string, unknown>>): DriverModule {
  const found = exports["default"] ?? exports["driver"];
  if (found === undefined) throw new TypeError("it exports no driver; write `export default defineDriver({ name, match, start })`, or export one named `driver`");
  return checkDriver(found);
}
