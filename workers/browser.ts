// Worker entry for browsers (module worker).

import { expose } from "comlink";
import { createWorkerHost } from "./host.ts";

expose(createWorkerHost());
