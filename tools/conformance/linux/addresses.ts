// Where the captured machine had its windows and host bridges: from its /proc/iomem, so that addresses can be compared.

import type { Addresses, Topology } from "../topology.ts";
import type { LinuxCase } from "./case.ts";

const block = 0xffffn;
const window = /^([0-9a-f]+)-[0-9a-f]+ : CXL Window \d+$/gm;
/** Registers that a port claimed outside every BAR: a host bridge's. */
const bridgeRegisters = /^([0-9a-f]+)-[0-9a-f]+ : port\d+$/gm;
/** Before the first window, where no driver claimed a host bridge's registers. */
const usualDistance = 0x1000_0000n;

const startsIn = (text: string, pattern: RegExp): bigint[] => [...text.matchAll(pattern)].map(([, start = "0"]) => BigInt(`0x${start}`));

export function addressesOf({ moments }: LinuxCase, topology: Topology): Addresses {
  const texts = [...moments.values()].flatMap((moment) => moment.files.get("iomem") ?? []);
  const windows = texts.map((text) => startsIn(text, window)).find((found) => found.length > 0) ?? [];
  const bases = texts.map((text) => startsIn(text, bridgeRegisters).map((start) => start & ~block)).find((found) => found.length > 0) ?? [];
  const first = bases[0] ?? (windows[0] === undefined ? undefined : windows[0] - usualDistance);
  const bridges = topology.bridges.flatMap(({ bus }, index): [number, bigint][] => {
    const base = bases[index] ?? (first === undefined ? undefined : first + BigInt(index) * (block + 1n));
    return base === undefined ? [] : [[bus, base]];
  });
  return { bridges: new Map(bridges), windows };
}
