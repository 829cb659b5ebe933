// `cxl-sandbox include-path`: where cxl_sandbox.h is, for a C compiler's -I.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../scenario/result.ts";
import { UsageError } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";

const help = `usage: cxl-sandbox include-path

Prints the folder of cxl_sandbox.h, the header of drivers in C:

  clang --target=wasm32 -std=c11 -O2 -ffreestanding -nostdlib -Wl,--no-entry -I "$(cxl-sandbox include-path)" -o driver.wasm driver.c

exit status: 0 printed; 2 wrong usage; 5 the package has no header
`;

export const command: CommandModule = {
  help,
  main: (argv) => {
    if (argv.length > 0) throw new UsageError(`include-path takes no arguments, not "${argv[0]}"`);
    const folder = fileURLToPath(new URL("../../build/include", import.meta.url));
    if (!existsSync(`${folder}/cxl_sandbox.h`)) {
      process.stderr.write(`cxl-sandbox: there is no ${folder}/cxl_sandbox.h; run "npm run build", or install the package again\n`);
      return Promise.resolve(exitCodes.error);
    }
    process.stdout.write(`${folder}\n`);
    return Promise.resolve(exitCodes.pass);
  },
};
