// `defineDriver`: what a driver's file exports, with its types and a check of its shape.

import { checkDriver } from "../platform/driver-check.ts";
import type { DriverModule } from "../platform/driver.ts";

/** A driver module as it was given, typed and checked. @throws TypeError naming the driver, the part and the remedy */
export const defineDriver = (module: DriverModule): DriverModule => checkDriver(module);
