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
  {
    id: "a card that comes to a slot",
    holds: anyOf(at(/^log "pcieport \S+ (bridge window \[|PCI bridge to \[| +bridge window \[)/, "real"), at(/^log "cxl_pci \S+ enabling device \(0000 -> 0002\)"$/, "real"), at(/^log "pcieport \S+ pciehp: Slot\(\d+\): Button press/, "real"), at(/^log "pcieport \S+ pciehp: Slot\(\d+\): (Link Down|Card not present)"$/, "ours")),
    reason: "QEMU's slots have an attention button, pressed for a card that goes or comes, and a power controller: the link goes down with the slot's power. Ours lose the card. The real kernel tells of windows and enables, ours does not.",
  },
  { id: "name of the shell", holds: ({ real, ours }) => (real ?? "").replace(/^sh: /, "") === (ours ?? "").replace(/^echo: /, ""), reason: "The guest's shell complains in its own name, ours in the command's." },
];
