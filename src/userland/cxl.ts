// `cxl`: which command a line calls. Each does as the real tool does it through sysfs (user-interface sheet, sections 1 to 4).

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { createRegion } from "./cxl-create.ts";
import { listObjects } from "./cxl-list.ts";
import { isMemdevCommand, memdevCommand } from "./cxl-memdev.ts";
import { isPortCommand, portCommand } from "./cxl-port.ts";
import { isRegionCommand, regionCommand } from "./cxl-region.ts";
import { UsageProblem } from "./options.ts";
import type { Output } from "./output.ts";

/** `cxl ...`: exit code. */
export function* cxl(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const [command = "", ...rest] = argv;
  if (command === "list") return yield* listObjects(files, rest, output);
  if (command === "create-region") return yield* createRegion(files, rest, output);
  if (isRegionCommand(command)) return yield* regionCommand(files, command, rest, output);
  if (isMemdevCommand(command)) return yield* memdevCommand(files, command, rest, output);
  if (isPortCommand(command)) return yield* portCommand(files, command, rest, output);
  throw new UsageProblem(`Unknown command: '${command}'`);
}
