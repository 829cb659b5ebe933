// `cxl wait-sanitize`: until a memdev's security/state says something else than sanitize.

import type { Task } from "../sim/task.ts";
import { sleep } from "../sim/task.ts";
import type { MemdevCall } from "./cxl-memdev-call.ts";
import { ToolFailure } from "./failure.ts";
import { attribute } from "./tree.ts";

const millisecond = 1_000_000;
/** Virtual ms between two looks; the tool sleeps until the kernel says that the file has changed. */
const lookEvery = 10;

/** @throws ToolFailure ETIMEDOUT, which the tool says in its count line only */
export function* waitSanitize({ files, options }: MemdevCall, memdev: string): Task<void> {
  const timeout = Number(options.values.get("timeout") ?? -1);
  let left = timeout < 0 ? Number.MAX_SAFE_INTEGER : timeout;
  while (attribute(files, "cxl", memdev, "security/state") === "sanitize") {
    if (left <= 0) throw new ToolFailure("ETIMEDOUT", "", "");
    const pause = Math.min(left, lookEvery);
    yield sleep(pause * millisecond);
    left -= pause;
  }
}
