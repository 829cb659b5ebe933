// Where the captured machine had its windows and host bridges: from its /proc/iomem, or from what its tools printed, so that addresses can be compared.

import { objectsIn } from "../capture.ts";
import type { Addresses, Topology } from "../topology.ts";
import type { LinuxCase } from "./case.ts";
import { documentIn, parseJson } from "./facts.ts";

const block = 0xffffn;
const window = /^([0-9a-f]+)-[0-9a-f]+ : CXL Window (\d+)$/gm;
/** Registers that a port claimed outside every BAR: a host bridge's. */
const bridgeRegisters = /^([0-9a-f]+)-[0-9a-f]+ : port\d+$/gm;
/** Before the first window, where no driver claimed a host bridge's registers. */
const usualDistance = 0x1000_0000n;

/** Bases of windows by their number; one that is not there is left out. */
function windowsIn(text: string): bigint[] {
  const windows: bigint[] = [];
  for (const [, start = "0", number = "0"] of text.matchAll(window)) windows[Number(number)] = BigInt(`0x${start}`);
  return windows;
}

/** Bases of windows as listings show root decoders; failing that, the first region's base is that of the first window. */
function windowsListed({ moments, steps }: LinuxCase): bigint[] {
  const files = [...moments.values()].flatMap((moment) => [...moment.files].filter(([kind, text]) => kind.endsWith(".json") && text.trim() !== "").map(([kind, text]) => parseJson(`${moment.file}.${kind}`, text)));
  const objects = [...files, ...steps.flatMap((step) => (step.kind === "command" ? [documentIn(step.output)] : []))].flatMap(objectsIn);
  const windows: bigint[] = [];
  for (const { decoder, resource } of objects) {
    const number = typeof decoder === "string" ? /^decoder0\.(\d+)$/.exec(decoder)?.[1] : undefined;
    if (number !== undefined && resource !== undefined) windows[Number(number)] = BigInt(String(resource));
  }
  if (windows.length > 0) return windows;
  const region = objects.find((one) => typeof one["region"] === "string" && one["resource"] !== undefined);
  return region === undefined ? [] : [BigInt(String(region["resource"]))];
}

export function addressesOf(linux: LinuxCase, topology: Topology): Addresses {
  const texts = [...linux.moments.values()].flatMap((moment) => moment.files.get("iomem") ?? []);
  const windows = texts.map(windowsIn).find((found) => found[0] !== undefined) ?? windowsListed(linux);
  const bases = texts.map((text) => [...new Set([...text.matchAll(bridgeRegisters)].map(([, start = "0"]) => BigInt(`0x${start}`) & ~block))]).find((found) => found.length === topology.bridges.length) ?? [];
  const lowest = windows.filter((base) => base !== undefined).reduce<bigint | undefined>((least, base) => (least === undefined || base < least ? base : least), undefined);
  const first = bases[0] ?? (lowest === undefined ? undefined : lowest - usualDistance);
  const bridges = topology.bridges.flatMap(({ bus }, index): [number, bigint][] => {
    const base = bases[index] ?? (first === undefined ? undefined : first + BigInt(index) * (block + 1n));
    return base === undefined ? [] : [[bus, base]];
  });
  return { bridges: new Map(bridges), windows };
}
