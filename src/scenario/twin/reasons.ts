// Why a twin's listing may be another than the captured one: places that the sandbox cannot set, each with its reason.

import type { ListingDifference } from "./compare.ts";

interface Reason {
  readonly place: RegExp;
  readonly reason: string;
}

const reasons: readonly Reason[] = [
  { place: /\.injectable_protocol_errors/, reason: "the sandbox's firmware injects no protocol errors (EINJ)" },
  { place: /\.protocol_injectable$/, reason: "the sandbox's firmware injects no protocol errors (EINJ), and versions of the tool before 83 do not print it" },
  { place: /\.numa_node$/, reason: "functions of the sandbox have no NUMA node of their own" },
  { place: /\.target_node$/, reason: "nodes are numbered by firmware's tables (SRAT), of which the captures say nothing" },
  { place: /\.host$|\.parent_dport$|\[[0-9a-f]{4}:[0-9a-f]{2}:/, reason: "another PCI address: buses are given in order of the ports, and the host leaves room between them" },
  { place: /\.(nr_dports|dports)/, reason: "Linux 7.2 lists a port of a host bridge or switch once it has a card; versions before list all" },
  { place: /qos_class/, reason: "classes follow from latencies that firmware and cards give; captures do not have them" },
  { place: /\.health\./, reason: "health is the card's own and changes by itself" },
  { place: /\.partition_info\./, reason: "a card of the sandbox is partitionable in whole or not at all" },
  { place: /\.firmware\./, reason: "which slot is active or staged: a card of the sandbox starts with slot 1" },
  { place: /media_errors/, reason: "source and order of records of the poison list are the card's own" },
  { place: /(online|total)_memblocks$|\.movable$/, reason: "blocks of memory: the host's block size and what was onlined by hand are not known" },
];

const reasonOf = ({ place }: ListingDifference): string | undefined => reasons.find((one) => one.place.test(place))?.reason;

/** A place that the sandbox cannot set. */
export const isForeseen = (difference: ListingDifference): boolean => reasonOf(difference) !== undefined;

const mostLines = 40;
const shown = (value: string | undefined): string => value ?? "nothing";

/** Foreseen ones once for each reason, the others one by one. */
export function differenceLines(differences: readonly ListingDifference[]): string[] {
  const lines = new Map<string, number>();
  for (const difference of differences) {
    const reason = reasonOf(difference);
    const line = reason === undefined ? `the listing differs: ${difference.place}: captured ${shown(difference.captured)}, twin ${shown(difference.twin)}` : `known difference: ${difference.place.split(".").at(-1) ?? ""}: ${reason}`;
    lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  const all = [...lines].map(([line, count]) => (count === 1 ? line : `${line} (${count} places)`));
  return all.length <= mostLines ? all : [...all.slice(0, mostLines), `and ${all.length - mostLines} more`];
}
