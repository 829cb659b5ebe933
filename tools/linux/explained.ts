// Differences between the real kernel and ours that were looked at and are right as they are; docs/fidelity.md has the same table for people.

import type { Difference } from "./compare.ts";

export interface Explanation {
  readonly id: string;
  /** Whether a difference is this one, in the case named. */
  readonly holds: (difference: Difference, name: string) => boolean;
  readonly reason: string;
}

/** By its place and, where they are given, by who has it. */
const at = (place: RegExp, side: "real" | "ours" | "both" = "both") => ({ place: where, real, ours }: Difference): boolean =>
  place.test(where) && (side === "both" || (side === "real" ? ours === undefined : real === undefined));

const anyOf = (...rules: readonly ((difference: Difference) => boolean)[]) => (difference: Difference): boolean => rules.some((rule) => rule(difference));

export const explanations: readonly Explanation[] = [
  {
    id: "no kmem in the guest",
    holds: anyOf(at(/\.devices\[dax\d+\.\d+\]\.(mode|state|online_memblocks|total_memblocks|movable)$/), at(/^iomem 0x[0-9a-f]+-0x[0-9a-f]+ level [23]$/, "ours"), at(/^(debug )?log "(kmem |.*System RAM|.*memory block)/)),
    reason: "Loads and stores of a served device's memory do not reach it, so the rig does not load kmem; ours has it always. The dax device is without a driver there, offline System RAM here.",
  },
  {
    id: "services of PCI ports",
    holds: at(/^log "pcieport \S+ (PME: Signaling|AER: enabled|DPC: enabled|pciehp: Slot|bwctrl)/, "real"),
    reason: "QEMU's ports, whose slots and services are not ours; our kernel does not tell of services that it takes.",
  },
  { id: "name of the kernel", holds: at(/^log "Linux version/), reason: "Each says what it is." },
  { id: "places of BARs", holds: at(/^debug log "\S+ \S+ Mapped CXL Memory Device resource/, "ours"), reason: "QEMU's firmware gives the guest addresses of its own; those of ours are our enumeration's." },
  { id: "passthrough decoder", holds: at(/^debug log "cxl_port port\S+: decoder\S+: range: 0x0-0xffffffffffffffff/, "ours"), reason: "A bridge with one root port has no decoder registers: the real kernel adds its decoder without a word, ours tells its range at level debug." },
  {
    id: "range of a passthrough decoder",
    holds: at(/\.ports:root0\[port[^\]]*\]\.decoders:port[^[]*\[decoder[^\]]*\.0\]\.(resource|size|state)$/),
    reason: "The decoder of a bridge with one root port has no registers and nothing resets it: after a failed or a destroyed region the real kernel keeps the last range, ours forgets it.",
  },
  {
    id: "words of debug lines",
    holds: at(/^debug log "(cxl_pci \S+: Mailbox operation had an error: |cxl_port \S+: reap: commit_end: )/, "ours"),
    reason: "The same at level debug in other words: \"internal device error\" for internal error, and the name of the decoder before \"commit_end\".",
  },
  { id: "line of the driver core", holds: at(/^log "\S+ \S+ probe with driver \S+ failed with error -\d+"$/, "real"), reason: "The real driver core tells every probe that fails; ours tells it at level debug (\"probe: -110\")." },
  { id: "complaint of libcxl", holds: ({ place, real, ours }) => / message \d+$/.test(place) && ours === undefined && (real ?? "").startsWith("libcxl: cxl_memdev_trigger_poison_list: "), reason: "The real library complains when cxl list cannot trigger a poison list; ours leaves the list out without a word." },
  { id: "name of the shell", holds: ({ real, ours }) => (real ?? "").replace(/^sh: /, "") === (ours ?? "").replace(/^echo: /, ""), reason: "The guest's shell complains in its own name, ours in the command's." },
];
