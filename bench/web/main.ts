// npm run bench:web: the built page in a browser, each figure beside its aim.

import { existsSync } from "node:fs";
import { measureBack } from "./back.ts";
import { built } from "./browser.ts";
import type { Figure } from "./figures.ts";
import { lineOf } from "./figures.ts";
import { measureLoad } from "./load.ts";
import { measureLooks } from "./looks.ts";
import { measureSizes } from "./sizes.ts";
import { measureTrace } from "./trace.ts";
import { measureWrite } from "./write.ts";

const parts: Readonly<Record<string, { readonly about: string; readonly measure: () => Promise<readonly Figure[]> }>> = {
  sizes: { about: "scripts and module of the first screen, packed", measure: measureSizes },
  load: { about: "cold load to a click that is answered", measure: measureLoad },
  trace: { about: "a trace of a million records: opening, moving, zooming, memory", measure: measureTrace },
  write: { about: "a register written by hand", measure: measureWrite },
  back: { about: "going back in the sample, in a run of 100 000 records, of a million", measure: measureBack },
  looks: { about: "each look at a machine with 64 ports", measure: measureLooks },
};

const help = `npm run bench:web -- [PART...]

Measures the built page (npm run build) in a browser: the parts named, all without a name. Prints one line for each figure: what was found, the aim, found
over aim, and what belongs to it. Medians; compare only what one run has printed (docs/performance.md).

${Object.entries(parts).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`).join("\n")}

Exit status: 0 measured, whatever was found; 2 no such part, or no page.`;

async function main(names: readonly string[]): Promise<number> {
  if (names.includes("--help") || names.includes("-h")) {
    console.log(help);
    return 0;
  }
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    console.error(`bench:web: no part ${unknown.map((name) => `"${name}"`).join(", ")}; there are ${Object.keys(parts).join(", ")}`);
    return 2;
  }
  if (!existsSync(`${built}index.html`)) {
    console.error("bench:web: there is no built page; run npm run build first");
    return 2;
  }
  for (const [name, { measure }] of Object.entries(parts).filter(([part]) => names.length === 0 || names.includes(part))) {
    console.error(`bench:web: ${name} ...`);
    for (const figure of await measure()) console.log(lineOf(figure));
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
