// Flags of `cxl list` that ask devices, and the answers by name of memdev or region.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { readAlerts, readFirmware, readHealth, readPartitions } from "./cxl-mailbox.ts";
import { readMediaErrors } from "./cxl-poison.ts";
import type { Json } from "./json.ts";
import type { Output } from "./output.ts";

export const questionNames = ["health", "alert-config", "partition", "firmware", "media-errors"] as const;
export type Question = (typeof questionNames)[number];
export type Answer = { readonly [key: string]: Json | undefined };
export type Answers = ReadonlyMap<string, Answer>;

export function* askMemdev(files: FileSystem, memdev: string, questions: ReadonlySet<Question>, warn: Output["err"]): Task<Answer> {
  return {
    health: questions.has("health") ? yield* readHealth(files, memdev) : undefined,
    alert_config: questions.has("alert-config") ? yield* readAlerts(files, memdev) : undefined,
    partition_info: questions.has("partition") ? yield* readPartitions(files, memdev) : undefined,
    firmware: questions.has("firmware") ? yield* readFirmware(files, memdev) : undefined,
    media_errors: questions.has("media-errors") ? yield* readMediaErrors(files, memdev, warn) : undefined,
  };
}
