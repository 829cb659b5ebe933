// The worker of a machine, for Node and browsers: `cxl-sandbox/worker`.

import { expose } from "comlink";
import { holdLock } from "./lifeline.ts";
import { createMachineHost } from "./machine-host.ts";
import { ownPort } from "./machine-start.ts";

expose(Object.assign(createMachineHost(), { lock: holdLock }), ownPort());
