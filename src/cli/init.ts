// `cxl-sandbox init`: a commented scenario to begin with, that runs and passes, with a line that leads editors to the schema.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { schemaText } from "../scenario/json-schema.ts";
import { modeline } from "../scenario/modeline.ts";
import { exitCodes } from "../scenario/result.ts";
import { starter } from "../scenario/starter.ts";
import { UsageError, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { makeFolders } from "./files.ts";

const help = `usage: cxl-sandbox init [FILE] [--force]

Writes a commented scenario to begin with (default: scenario.yaml) that runs and passes:

  cxl-sandbox init && cxl-sandbox run scenario.yaml

Its first line leads editors to the JSON Schema: to the one in node_modules, where cxl-sandbox is installed in this folder or one
above it, else to scenario-1.schema.json, which is then written beside it.

  --force             overwrite what is there

exit status: 0 written; 1 it cannot be written; 2 wrong usage, or the file is there already
`;

const installed = join("node_modules", "cxl-sandbox", "scenarios", "scenario-1.schema.json");
const ownName = "scenario-1.schema.json";

/** The schema of an installed package in a folder or one above it, as a path from the folder; undefined: it is nowhere. */
function installedSchema(folder: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const file = join(above, installed);
    if (existsSync(file)) return relative(folder, file).split(sep).join("/");
    if (dirname(above) === above) return undefined;
  }
}

interface Planned {
  readonly file: string;
  readonly text: string;
}

/** What is to be written. */
function plan(target: string): Planned[] {
  const folder = dirname(resolve(target));
  const found = installedSchema(folder);
  if (found !== undefined) return [{ file: target, text: modeline(found.startsWith("..") ? found : `./${found}`) + starter }];
  return [{ file: join(dirname(target), ownName), text: schemaText() }, { file: target, text: modeline(`./${ownName}`) + starter }];
}

const isSame = ({ file, text }: Planned): boolean => statSync(file).isFile() && readFileSync(file, "utf8") === text;

function write(target: string, isForced: boolean): number {
  const planned = plan(target);
  const taken = planned.find((one) => existsSync(one.file) && !(one.file !== target && isSame(one)));
  if (taken !== undefined && !isForced) {
    process.stderr.write(`cxl-sandbox: ${taken.file} is there already; name another file, or overwrite it with --force\n`);
    return exitCodes.usage;
  }
  try {
    makeFolders(dirname(resolve(target)));
    for (const { file, text } of planned) writeFileSync(file, text);
  } catch (error) {
    process.stderr.write(`cxl-sandbox: ${target} cannot be written (${error instanceof Error ? error.message : String(error)})\n`);
    return exitCodes.fail;
  }
  process.stdout.write(`${planned.map(({ file }) => file).join("\n")}\n`);
  process.stderr.write(`next: cxl-sandbox run ${target}\n`);
  return exitCodes.pass;
}

export const command: CommandModule = {
  help,
  main: (argv) => {
    const { values, positionals } = parseWords(argv, { force: { type: "boolean", default: false } } as const);
    const [target = "scenario.yaml", ...more] = positionals;
    if (more.length > 0) throw new UsageError("init writes one file");
    if (!/\.ya?ml$/.test(target)) throw new UsageError(`init: "${target}" is no name of a scenario; it must end in .yaml or .yml`);
    return Promise.resolve(write(target, values.force === true));
  },
};
