// `cxl inject-media-poison`, `clear-media-poison`, `inject-protocol-error`, through the kernel's debugfs.

import type { Errno } from "../kernel/base/errno.ts";
import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { cxlUsage } from "./cxl-usage.ts";
import { tryStore } from "./failure.ts";
import { isMemdevNamed } from "./match.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { devicesOf } from "./tree.ts";

const debug = "/sys/kernel/debug/cxl";
const widest = 1n << 64n;

/** As strtoull reads it: what no number begins with is 0, a negative one wraps. Undefined: beyond 64 bits. */
function parseAddress(text: string): bigint | undefined {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|\d+)/.exec(text);
  const value = BigInt(match?.[2]?.toLowerCase() ?? 0);
  if (value >= widest) return undefined;
  return match?.[1] === "-" ? BigInt.asUintN(64, -value) : value;
}

const words = {
  inject: { does: "poison injection", to: "inject poison at", done: "injected", failed: "inject", where: "inject_poison_action" },
  clear: { does: "clearing poison", to: "clear poison at", done: "cleared", failed: "clear", where: "clear_poison_action" },
} as const;

/** The error of it, or undefined. */
function* store(files: FileSystem, what: "inject" | "clear", memdev: string, text: string, say: (text: string) => void): Task<Errno | undefined> {
  const path = `${debug}/${memdev}/${what}_poison`;
  if (!files.exists(path)) {
    say(`${memdev} does not support ${words[what].does}\n`);
    return "EINVAL";
  }
  const address = parseAddress(text);
  if (address === undefined) {
    // The tool ends no line here.
    say(`invalid address: ${text}`);
    return "EINVAL";
  }
  const errno = yield* tryStore(files.write(path, `0x${address.toString(16)}`));
  say(errno === undefined ? `poison ${words[what].done} at ${memdev}:${text}\n` : `failed to ${words[what].to} ${memdev}:${text}: ${errnoText(errno)}\n`);
  return errno;
}

export function* changePoison(files: FileSystem, what: "inject" | "clear", argv: readonly string[], output: Output): Task<number> {
  const command = `${what}-media-poison` as const;
  const { words: named, values } = parseOptions(cxlUsage[command].options, argv);
  const address = values.get("address");
  const [word] = named;
  if (word === undefined || named.length > 1 || address === undefined) throw new UsageProblem("");
  const memdev = devicesOf(files, "cxl", "mem").find((name) => isMemdevNamed(files, name, word));
  let errno: Errno | undefined = "ENODEV";
  if (memdev === undefined) output.err(`cxl ${command}: find_cxl_memdev: Memdev "${word}" not found\n`);
  else errno = yield* store(files, what, memdev, address, (text) => output.err(`cxl ${command}: poison_action: ${text}`));
  if (errno === undefined) return 0;
  output.err(`cxl ${command}: ${words[what].where}: Failed to ${words[what].failed} poison on ${word}: ${errnoText(errno)}\n`);
  return 1;
}

/** Errors that a platform can inject are listed by the kernel (EINJ). This machine has none, so every kind is one that the tool does not know. */
export function injectProtocolError(argv: readonly string[], output: Output): number {
  const { words: named, values } = parseOptions(cxlUsage["inject-protocol-error"].options, argv);
  const [protocol, severity] = [values.get("protocol"), values.get("severity")];
  if (named.length !== 1 || protocol === undefined || severity === undefined) throw new UsageProblem("");
  output.err(`cxl inject-protocol-error: find_cxl_proto_err: Invalid CXL protocol error type: ${protocol}-${severity}\n`);
  return 1;
}
