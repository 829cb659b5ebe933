// What the kernel and its processors are set to beside policies: counts, costs in virtual time, sysctls and command-line options. Names, units, defaults and where
// a default comes from stand in docs/settings.md; scenarios set them under `host:`.

export interface KernelSettings {
  /** Logical processors, and how many of them share a core with its machine-check banks. */
  readonly cpus: number;
  readonly threadsPerCore: number;
  /** Grading of machine checks (machine-check 3). */
  readonly processor: "intel" | "amd";
  /** A check reaches the processor that consumed the error (LMCE; always so on amd), or all of them, which then wait for each other. */
  readonly checkDelivery: "local" | "broadcast";
  /** Virtual ns: exception to return on the processor that consumed; the rendezvous of all of them; one memory_failure under its global lock. */
  readonly checkTime: number;
  readonly rendezvousTime: number;
  readonly memoryFailureTime: number;
  /** Virtual ns in which a second error in one bank overwrites the first (row 11). */
  readonly overflowWindow: number;
  /** Virtual ns that every processor spends in firmware for an error, where errors go there first (POL-MCESRC); firmware has it, not the kernel. */
  readonly firmwareErrorTime: number;
  /** Percent of a block in a kernel zone that the kernel takes for itself when it goes online, and how often it reads there (virtual ns). */
  readonly kernelShare: number;
  readonly kernelTouchPeriod: number;
  /** vm.memory_failure_recovery, vm.memory_failure_early_kill, vm.panic_on_unrecoverable_memory_failure, vm.enable_soft_offline. */
  readonly memoryFailureRecovery: boolean;
  readonly earlyKill: boolean;
  readonly panicOnUnrecoverable: boolean;
  readonly softOffline: boolean;
  /** memory_hotplug.online_policy, auto_movable_ratio (percent), auto_movable_numa_aware, memmap_on_memory. */
  readonly onlinePolicy: "contig-zones" | "auto-movable";
  readonly autoMovableRatio: number;
  readonly autoMovableNumaAware: boolean;
  readonly memmapOnMemory: boolean;
  /** kernel.hung_task_timeout_secs and watchdog_thresh as virtual ns (0: off), and whether each panics. */
  readonly hungTaskTime: number;
  readonly hungTaskPanic: boolean;
  readonly watchdogTime: number;
  readonly softLockupPanic: boolean;
  readonly hardLockupPanic: boolean;
  /** A crash kernel is loaded; it leaves out memory that the CXL core knows to be isolated. */
  readonly crashKernel: boolean;
  readonly crashSkipsIsolated: boolean;
  /** The dump has the kernel's own pages alone (makedumpfile -d 31). */
  readonly crashFilters: boolean;
}

export const defaultSettings: KernelSettings = {
  cpus: 64, threadsPerCore: 2, processor: "intel", checkDelivery: "local",
  checkTime: 100_000, rendezvousTime: 20_000, memoryFailureTime: 50_000, overflowWindow: 1_000, firmwareErrorTime: 500_000,
  kernelShare: 2, kernelTouchPeriod: 1_000_000,
  memoryFailureRecovery: true, earlyKill: false, panicOnUnrecoverable: false, softOffline: true,
  onlinePolicy: "contig-zones", autoMovableRatio: 301, autoMovableNumaAware: true, memmapOnMemory: false,
  hungTaskTime: 120_000_000_000, hungTaskPanic: false, watchdogTime: 10_000_000_000, softLockupPanic: false, hardLockupPanic: true,
  crashKernel: true, crashSkipsIsolated: false, crashFilters: true,
};
