// Worker entry of the page (module worker).

import { expose } from "comlink";
import { createPageHost } from "./page-host.ts";

expose(createPageHost());
