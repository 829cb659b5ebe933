// The policies the kernel owns, as data. Names and values are those of the table in docs/policies.md; presets live in src/scenario.

/** What becomes of memory that is added: the values of memhp_default_state and auto_online_blocks. */
export const onlineTypes = ["offline", "online", "online_kernel", "online_movable"] as const;
export type OnlineType = (typeof onlineTypes)[number];

/** Regions that firmware made: when they fail, and what may be undone. */
export interface AssemblyPolicies {
  /** A region that fails is left as it is, or goes: `unregister-a` leaves its decoders committed, `unregister-b` resets them and frees DPA. */
  readonly onFailure: "leave" | "unregister-a" | "unregister-b";
  /** How long a region waits for its members, virtual ns from the first that came; null: until device probing is at rest, if the failure has any effect. */
  readonly timeout: number | null;
  /** One error line per terminal failure. */
  readonly isLogged: boolean;
  /** What userspace can undo: nothing, targets of its slots, or every step of discovery. */
  readonly unwind: "none" | "targets" | "full";
  readonly hpaHold: "at-construct" | "after-assembly";
}

/** Who gets Soft Reserved memory, and what happens to the rest. */
export interface SoftReservedPolicies {
  /** `none`: what lies over a CXL window is left to CXL, come what may. */
  readonly owner: "none" | "mode-variable" | "global-teardown" | "per-range";
  /** In /proc/iomem: from boot on, not at all, or while hmem has the range. */
  readonly publication: "always" | "never" | "late";
  /** hmem takes what CXL does not claim. */
  readonly failover: boolean;
  /** How ranges and regions are brought together. */
  readonly split: "none" | "trim" | "trim-after-probe" | "all-or-nothing" | "softened";
  /** What lies beyond a region. */
  readonly leftover: "waste" | "to-dax" | "whole-to-hmem";
  /** Whose regions go when one fails and the policy tears down. */
  readonly blast: "global" | "per-range";
  /** When the decision falls: drivers are there and probing is at rest; after a time (virtual ns); when probing seems to be at rest. */
  readonly decision: { readonly kind: "barrier" | "naive-wait" } | { readonly kind: "delay"; readonly time: number };
  /** Decoders of a region are not reset while hmem has a dax region over it. */
  readonly refuseReset: boolean;
}

export interface KernelPolicies {
  /** What the isolation service does when a port isolates. `none`: no service, nothing is enabled. */
  readonly isolationAction: "none" | "panic" | "recover";
  /** How CXL memory may be used. */
  readonly memoryUse: "system-ram-normal" | "system-ram-movable" | "device-dax-only" | "fsdev";
  /** Until `auto_online_blocks` is written. */
  readonly onlineType: OnlineType;
  readonly notification: "none" | "interrupt" | "interrupt+err-cor" | "acpi-notify";
  /** Order of revoking users and removing devices in recovery. */
  readonly recoveryOrder: "fence-first" | "removal-first";
  /** Region creation below an isolated port is refused. */
  readonly refuseIsolated: boolean;
  readonly assembly: AssemblyPolicies;
  readonly softReserved: SoftReservedPolicies;
  /** No address is in two live dax regions. */
  readonly isDaxExclusive: boolean;
  /** Behaviour that came after 7.2. */
  readonly version: "7.2" | "7.3";
  /** A page with a raised reference count ends the offlining of its block at once, or is tried again. */
  readonly offlining: "abort" | "retry";
  /** Memory below a function that is removed by request must go offline first, or the request fails. */
  readonly isRemovalVetoed: boolean;
  /** Any uncorrectable CXL error of a function ends the host; otherwise its memdev is unbound and the link reset. */
  readonly panicsOnUncorrectable: boolean;
}

/** What nobody chose otherwise: the preset linux-7.2. */
export const defaultPolicies: KernelPolicies = {
  isolationAction: "none", memoryUse: "system-ram-normal", onlineType: "online", notification: "none", recoveryOrder: "fence-first", refuseIsolated: false,
  assembly: { onFailure: "leave", timeout: null, isLogged: false, unwind: "targets", hpaHold: "at-construct" },
  softReserved: { owner: "per-range", publication: "never", failover: true, split: "softened", leftover: "whole-to-hmem", blast: "per-range", decision: { kind: "barrier" }, refuseReset: false },
  isDaxExclusive: true, version: "7.2", offlining: "retry", isRemovalVetoed: false, panicsOnUncorrectable: false,
};
