// npm run conformance [FOLDER]: holds machine and kernel against captures of others. Exit 0: everything equal or explained, 1: not, 2: bad input.

import { fileURLToPath } from "node:url";
import { conformance } from "./command.ts";

const { status, stdout, stderr } = await conformance(process.argv.slice(2), fileURLToPath(new URL("../../../", import.meta.url)));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = status;
