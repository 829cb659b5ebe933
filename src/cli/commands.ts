// The commands of `cxl-sandbox`, one line each; a command's code is loaded when it is called.

/** A command from the inside. */
export interface CommandModule {
  /** Text of `cxl-sandbox NAME --help`, with the exit statuses. */
  readonly help: string;
  /** Does it; gives the exit status. @throws UsageError */
  readonly main: (argv: readonly string[]) => Promise<number>;
}

interface Command {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

export const commands: readonly Command[] = [
  { name: "init", summary: "write a commented scenario to begin with", load: () => import("./init.ts") },
  { name: "lint", summary: "check scenario files without running them, with warnings", load: () => import("./lint.ts") },
  { name: "schema", summary: "print the JSON Schema of scenario files, for editors", load: () => import("./schema.ts") },
  { name: "run", summary: "run scenario files, or every .yaml file below folders", load: () => import("./run.ts") },
  { name: "merge", summary: "report the shards of a run as one", load: () => import("./merge.ts") },
  { name: "replay", summary: "run a trace again from what it holds itself, and prove it equal or say where it parts", load: () => import("./replay.ts") },
  { name: "diff", summary: "say where two traces or two scenarios part, in words", load: () => import("./diff.ts") },
  { name: "trace", summary: "show, count or search the records of a trace file", load: () => import("./trace.ts") },
  { name: "post", summary: "send results to a collector, those first that wait since it was away", load: () => import("./post.ts") },
  { name: "shell", summary: "sit in front of a scenario's machine at a prompt", load: () => import("./shell.ts") },
  { name: "explain", summary: "say who owns each Soft Reserved range of a scenario, and why; or what a register, policy, rule ... is", load: () => import("./explain.ts") },
  { name: "compare", summary: "run scenario files under presets, policies or other values, and compare what comes out", load: () => import("./compare.ts") },
  { name: "verdict", summary: "hold a scenario's recovery against a reboot at once: which costs less, and what would flip it", load: () => import("./verdict.ts") },
  { name: "import", summary: "make a scenario file out of captures of a running host", load: () => import("./import.ts") },
  { name: "export-sysfs", summary: "write the tree of a scenario's machine as real files, for the real tools", load: () => import("./export-sysfs.ts") },
  { name: "serve", summary: "serve the page: edit, run, step and look into a machine in a browser", load: () => import("./serve.ts") },
  { name: "vfio-user", summary: "serve a scenario's devices to an unmodified kernel in QEMU, and break them while it runs", load: () => import("./vfio-user.ts") },
  { name: "include-path", summary: "say where cxl_sandbox.h is, the header of drivers in C", load: () => import("./include-path.ts") },
];

const widest = Math.max(...commands.map(({ name }) => name.length));

export const mainHelp = `cxl-sandbox: a CXL machine that fails on command

usage: cxl-sandbox COMMAND ...
       cxl-sandbox COMMAND --help
       cxl-sandbox --help | --version

commands
${commands.map(({ name, summary }) => `  ${name.padEnd(widest)}  ${summary}`).join("\n")}
`;
