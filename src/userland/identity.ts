// uname and id: what machine this is, and who sits at it.

import type { Call } from "./programs.ts";
import { ToolUsage, parseShort, withUsage } from "./text-input.ts";

/** `uname [-s -n -r -m -a]` */
export const uname = (call: Call): number =>
  withUsage(call, () => {
    const { flags, words } = parseShort({ name: "uname", flags: "snrma", values: "", exitCode: 1 }, call.argv);
    if (words[0] !== undefined) throw new ToolUsage(`uname: extra operand '${words[0]}'\nTry 'uname --help' for more information.\n`, 1);
    const parts = [["s", "Linux"], ["n", "sandbox"], ["r", call.files.read("/proc/sys/kernel/osrelease").trim()], ["m", "x86_64"]] as const;
    const shown = parts.filter(([letter]) => flags.has("a") || flags.has(letter) || (flags.size === 0 && letter === "s"));
    call.output.out(`${shown.map(([, text]) => text).join(" ")}\n`);
    return 0;
  });

/** `id [-u]`: root. */
export const id = (call: Call): number =>
  withUsage(call, () => {
    const { flags } = parseShort({ name: "id", flags: "ugn", values: "", exitCode: 1 }, call.argv);
    const isShort = flags.has("u") || flags.has("g");
    call.output.out(isShort ? `${flags.has("n") ? "root" : "0"}\n` : "uid=0(root) gid=0(root) groups=0(root)\n");
    return 0;
  });
