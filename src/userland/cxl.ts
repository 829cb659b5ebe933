// `cxl`: which command a line calls. Each does as version 85 of the tool does it through sysfs (user-interface sheet, sections 1 to 4).

import type { Task } from "../sim/task.ts";
import { createRegion } from "./cxl-create.ts";
import { changePoison, injectProtocolError } from "./cxl-inject.ts";
import { listObjects } from "./cxl-list.ts";
import { memdevCommand, memdevCommands } from "./cxl-memdev.ts";
import { monitor } from "./cxl-monitor.ts";
import { portCommand, portCommands } from "./cxl-port.ts";
import { regionCommand, regionCommands } from "./cxl-region.ts";
import { cxlUsage } from "./cxl-usage.ts";
import type { CxlCommand } from "./cxl-usage.ts";
import type { Call } from "./programs.ts";
import type { Tool } from "./tool.ts";
import { atOnce, runTool } from "./tool.ts";

type Act = (call: Call) => Task<number>;

const table = <N extends CxlCommand>(names: readonly N[], act: (name: N, call: Call) => Task<number>): [N, Act][] => names.map((name) => [name, (call) => act(name, call)]);

const tool: Tool = {
  name: "cxl", usage: cxlUsage,
  commands: new Map<string, Act>([
    ["list", ({ files, argv, output }) => listObjects(files, argv, output)],
    ["create-region", ({ files, argv, output }) => createRegion(files, argv, output)],
    ...table(regionCommands, (name, { files, argv, output }) => regionCommand(files, name, argv, output)),
    ...table(memdevCommands, (name, { files, argv, input, output }) => memdevCommand(files, name, argv, input, output)),
    ...table(portCommands, (name, { files, argv, output }) => portCommand(files, name, argv, output)),
    ["monitor", ({ files, argv, output }) => monitor(files, argv, output)],
    ["inject-protocol-error", atOnce(({ argv, output }) => injectProtocolError(argv, output))],
    ["inject-media-poison", ({ files, argv, output }) => changePoison(files, "inject", argv, output)],
    ["clear-media-poison", ({ files, argv, output }) => changePoison(files, "clear", argv, output)],
  ]),
};

/** `cxl ...`: exit code. */
export const cxl = (call: Call): Task<number> => runTool(tool, call);
