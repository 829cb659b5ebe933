// `cxl-sandbox vfio-user`: a scenario's devices for a foreign kernel in QEMU, and `vfio-user ctl`, which talks to what is served.

import { UsageError, parseWords, seedOf } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { controlHelp, controlMain } from "./vfio-user-ctl.ts";
import type { ServeOptions } from "./vfio-user-serve.ts";
import { serve } from "./vfio-user-serve.ts";

const help = `usage: cxl-sandbox vfio-user SCENARIO --dir DIR [options]
       cxl-sandbox vfio-user ctl DIR COMMAND

Serves every type-3 device of a scenario's machine at a vfio-user socket, DIR/NAME.sock, for an unmodified kernel in QEMU (tried with 11.1.3; vfio-user-pci
came with 10.1). The machine and its faults are the scenario's; the kernel is the guest's. Prints the QEMU command line for the machine's bridges, ports,
switches and windows as a shell script, and what such a machine is not; tells on standard error who comes and goes; and goes on until Ctrl-C or SIGTERM.
docs/vfio-user.md is the guide.

  --dir DIR        folder of the sockets, made if it is not there; they are their owner's alone (0600)
  --strict         look at every access of the driver, and say at the end what it did against a rule (docs/strict.md)
  --trace FILE     write a trace as it grows, which cxl-sandbox replay runs again without QEMU
  --seed N         of moments that the scenario leaves to it (default 1)
  --kernel FILE    the guest's kernel in the command line (default: vmlinuz)
  --initrd FILE    its initial file system (default: initrd.img)
  --append WORDS   further words for the kernel
  --qemu PROGRAM   QEMU (default: qemu-system-x86_64)

${controlHelp}
exit status
  0  ended by Ctrl-C or SIGTERM; ctl: done
  1  --strict found something, or the trace could not be written where it was asked for; ctl: nobody serves there
  2  wrong usage, no good scenario, a machine without a device, or a folder where it cannot listen (nothing was served); ctl: refused, and why
  4  the trace became too long, and ends before the end
  5  internal error
`;

const optionTable = {
  dir: { type: "string" },
  strict: { type: "boolean", default: false },
  trace: { type: "string" },
  seed: { type: "string", default: "1" },
  kernel: { type: "string", default: "vmlinuz" },
  initrd: { type: "string", default: "initrd.img" },
  append: { type: "string" },
  qemu: { type: "string", default: "qemu-system-x86_64" },
} as const;

/** @throws UsageError */
function parse(argv: readonly string[]): ServeOptions {
  const { values, positionals: [path, ...others] } = parseWords(argv, optionTable);
  if (path === undefined || others.length > 0) throw new UsageError("vfio-user needs one scenario file, or ctl DIR COMMAND");
  const { dir, trace, append, kernel = "", initrd = "", qemu = "" } = values;
  if (dir === undefined || dir === "") throw new UsageError("vfio-user needs --dir DIR, a folder for the sockets");
  for (const [option, value] of Object.entries({ trace, kernel, initrd, qemu })) if (value === "") throw new UsageError(`--${option} names no file`);
  return {
    path, folder: dir, isStrict: values.strict === true, trace: trace ?? null, seed: seedOf(values.seed ?? "", "seed"),
    qemu: { program: qemu, kernel, initrd, ...(append === undefined ? {} : { append }) },
  };
}

export const command: CommandModule = { help, main: (argv) => (argv[0] === "ctl" ? controlMain(argv.slice(1)) : serve(parse(argv))) };
