// The policies the kernel owns, as data. Names and values are those of the table in docs/policies.md; presets live in src/scenario.

/** What becomes of memory that is added: the values of memhp_default_state and auto_online_blocks. */
export const onlineTypes = ["offline", "online", "online_kernel", "online_movable"] as const;
export type OnlineType = (typeof onlineTypes)[number];

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
  readonly hpaHold: "at-construct" | "after-assembly";
  /** Soft Reserved memory; absent: per-range, never, true. */
  readonly softReserved?: {
    /** `none`: what lies over a CXL window is left to CXL, come what may. */
    readonly owner: "none" | "mode-variable" | "global-teardown" | "per-range";
    /** In /proc/iomem: from boot on, not at all, or while hmem has the range. */
    readonly publication: "always" | "never" | "late";
    /** hmem takes what CXL does not claim. */
    readonly failover: boolean;
  };
}
