// What work ends with, as the kernel says it.

import type { Errno } from "../../src/kernel/base/errno.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";

/** The error number that work ends with, or "ok". */
export function errnoOf(work: () => unknown): Errno | "ok" {
  try {
    work();
    return "ok";
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    throw thrown;
  }
}
