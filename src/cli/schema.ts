// `cxl-sandbox schema`: the JSON Schema of scenario files, for editors and other programs.

import { schemaText } from "../scenario/json-schema.ts";
import { exitCodes } from "../scenario/result.ts";
import { scenarioVersion } from "../scenario/version.ts";
import { UsageError, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";

const help = `usage: cxl-sandbox schema [--version N]

Prints the JSON Schema (draft-07) of scenario files. Editors find it by the first line of a file:

  # yaml-language-server: $schema=./node_modules/cxl-sandbox/scenarios/scenario-1.schema.json

  --version N         version of the format (default and only one: ${scenarioVersion})

exit status: 0 printed; 2 wrong usage
`;

export const command: CommandModule = {
  help,
  main: (argv) => {
    const { values, positionals } = parseWords(argv, { version: { type: "string", default: String(scenarioVersion) } } as const);
    if (positionals.length > 0) throw new UsageError(`schema takes no files, not "${positionals[0] ?? ""}"`);
    if (values.version !== String(scenarioVersion)) throw new UsageError(`--version "${values.version ?? ""}" is none that this cxl-sandbox knows: ${scenarioVersion}`);
    process.stdout.write(schemaText());
    return Promise.resolve(exitCodes.pass);
  },
};
