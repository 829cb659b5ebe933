// `daxctl list` of every region, device and mapping.

import { differences, normalize, parse } from "./listing.mjs";

/** @type {import("./main.mjs").Part["compare"]} */
function compare(machine, argv, said) {
  const own = machine.own(["daxctl", ...argv]);
  const found = differences(normalize(parse(said.stdout), [], [], machine.isOrdered), normalize(parse(own.stdout), [], [], machine.isOrdered));
  if (said.stderr.trim() !== own.stderr.trim()) found.push(`standard error: real ${JSON.stringify(said.stderr)}, ours ${JSON.stringify(own.stderr)}`);
  if (said.status !== 0) found.push(`exit status ${said.status}`);
  return { differences: found, leftOut: [], isSameText: said.stdout.trim() === own.stdout.trim() };
}

/** @type {import("./main.mjs").Part} */
export const daxctlPart = { name: "daxctl list", program: "daxctl", commands: [["list", "-DRMi"]], compare };
