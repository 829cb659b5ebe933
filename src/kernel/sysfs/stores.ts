// Every file that takes a store: what it takes, in which unit, and every error number that a store can end with, each with its rule. The page
// docs/sysfs.md is made of it, and a fuzzed kernel is held against it.

import type { Errno } from "../base/errno.ts";

/** Why a store fails; the rule's id, or the section of a sheet, in brackets. */
export type StoreErrors = Readonly<Partial<Record<Errno, string>>>;

export interface StoreEntry {
  /** Path as users read it. */
  readonly path: string;
  /** The same as an expression over a path without links. */
  readonly pattern: RegExp;
  readonly takes: string;
  readonly unit: string;
  readonly errors: StoreErrors;
}

const number = { EINVAL: "no number", ERANGE: "beyond 64 bits" } as const;
const small = { ERANGE: "beyond 32 bits" } as const;
const truth = { EINVAL: "not a truth value (y, n, 1, 0, t, f, on, off)" } as const;
/** What the device may make of a command (error-recovery 6.1). */
const command = {
  ENXIO: "the device refuses the command, or has it not (error-recovery 6.1)", EBUSY: "the mailbox is busy, or a sanitize is under way", ETIMEDOUT: "the command does not end (observed.md)", EIO: "the answer is too short", EFAULT: "the device does not know the address",
} as const;
const and = (first: string | undefined, second: string): string => (first === undefined ? second : `${first}; ${second}`);
/** Reasons of two lists together. */
const both = (one: StoreErrors, other: StoreErrors): StoreErrors => {
  const errors: Partial<Record<Errno, string>> = { ...one };
  for (const [errno, reason] of Object.entries(other) as [Errno, string][]) errors[errno] = and(errors[errno], reason);
  return errors;
};

/** A probe that a user asks for ends with what the driver found. */
const probe: StoreErrors = {
  ENODEV: "no such device on the bus, the driver does not take it, or it has no decoders (4.3)", EBUSY: "bound already, media not ready (4.2), the range is taken, or DPA is reserved out of order (4.4)", EINVAL: "no whole memory block (dax-memory 5.1), or a decoder with an impossible interleave (4.4)",
  ENXIO: "not committed (6.5), of size 0 (dax-memory 3), no host bridge above, or a decoder out of order (4.4)", ENOMEM: "the range is in another dax region (S27), or no room for struct pages (S80)", ETIMEDOUT: command.ETIMEDOUT, EIO: "a transport error (4.1)", EEXIST: "the memory is there already",
};

const decoder = "/sys/bus/cxl/devices/decoder";
const region = "/sys/bus/cxl/devices/region";
const dax = "/sys/bus/dax/devices/dax";
const inDecoder = (name: string): RegExp => new RegExp(`/decoder\\d+\\.\\d+/${name}$`);
const inRegion = (name: string): RegExp => new RegExp(`/region\\d+/${name}$`);
const inDax = (name: string): RegExp => new RegExp(`/dax\\d+\\.\\d+/${name}$`);
const inGroup = (name: string): RegExp => new RegExp(`/dax_region/${name}$`);
const inMemdev = (name: string): RegExp => new RegExp(`/mem\\d+/${name}$`);

const createErrors: StoreErrors = { EINVAL: "no region name", EBUSY: "not the next name (7.1)", ENXIO: "the root decoder is gone (section 3)" };

export const storeTable: readonly StoreEntry[] = [
  { path: `${decoder}N.M/create_ram_region, create_pmem_region`, pattern: inDecoder("create_(ram|pmem)_region"), takes: "the name that it reads", unit: "", errors: createErrors },
  { path: `${decoder}N.M/delete_region`, pattern: inDecoder("delete_region"), takes: "name of a region below", unit: "", errors: { ENODEV: "no such region below this root decoder (7.6)", EBUSY: "hmem uses its addresses (policy resetgate)" } },
  { path: `${decoder}N.M/mode`, pattern: inDecoder("mode"), takes: "`ram`, `pmem`", unit: "", errors: { EINVAL: "no such partition", EBUSY: "enabled (7.1)", ENXIO: "no capacity of the kind (7.1)" } },
  { path: `${decoder}N.M/dpa_size`, pattern: inDecoder("dpa_size"), takes: "number, multiple of 256 MiB; 0 frees", unit: "bytes", errors: both(number, { EINVAL: "no multiple of 256 MiB", EBUSY: "attached, enabled, not the highest reserved, or without a mode (7.5)", ENOSPC: "more than is free in the partition (7.5)" }) },
  { path: `${region}N/commit`, pattern: inRegion("commit"), takes: "truth value", unit: "", errors: both(truth, { EPERM: "0: the region is locked (7.4)", ENXIO: "targets are missing, or CPU caches cannot be invalidated (7.2)", EBUSY: "out of order commit (7.2), or a device is being sanitized", EIO: "a decoder refuses (7.2)", ETIMEDOUT: "a decoder does not answer within 20 ms (7.2)" }) },
  { path: `${region}N/interleave_ways`, pattern: inRegion("interleave_ways"), takes: "1, 2, 3, 4, 6, 8, 12, 16; the window's ways times a power of two", unit: "ways", errors: both(small, { EINVAL: "no number, or not such a one (7.1)", EBUSY: "the region has a size (7.1)" }) },
  { path: `${region}N/interleave_granularity`, pattern: inRegion("interleave_granularity"), takes: "power of two, 256 to 16384; the window's, where that has more than one way", unit: "bytes", errors: both(small, { EINVAL: "no number, or not such a one (7.1)", EBUSY: "the region has a size (7.1)" }) },
  { path: `${region}N/size`, pattern: inRegion("size"), takes: "number, multiple of 256 MiB times the ways; 0 frees", unit: "bytes", errors: both(number, { EINVAL: "not such a multiple (7.1)", EBUSY: "has another size, or is active (7.1)", ENXIO: "ways, granularity or uuid are missing (7.1)", ERANGE: "no free range of this size in the window (S2, S30)" }) },
  { path: `${region}N/targetP`, pattern: inRegion("target\\d+"), takes: "name of an endpoint decoder; empty detaches", unit: "", errors: { ENODEV: "no such device, or it has no partition (A2)", EINVAL: "no endpoint decoder; A3, A6, A10, A18; any into a region of firmware's (6.3)", EBUSY: "taken, or A4, A17 (6.3, 7.1)", ENXIO: "A1, A5, A7-A9, A16-A19 (6.3)" } },
  { path: `${region}N/uuid`, pattern: inRegion("uuid"), takes: "uuid, 36 characters", unit: "", errors: { EACCES: "the region is of volatile memory", EINVAL: "no uuid, or all zeros (7.1)", EBUSY: "another region has it, or the region is active (7.1)" } },
  { path: "/sys/bus/cxl/devices/memN/security/sanitize", pattern: inMemdev("security/sanitize"), takes: "true", unit: "", errors: both(command, { EINVAL: "not true, or a passphrase is set (error-recovery 7)", EBUSY: "no endpoint, or a decoder is committed (C18)" }) },
  { path: "/sys/bus/cxl/devices/memN/security/erase", pattern: inMemdev("security/erase"), takes: "true", unit: "", errors: both(command, { EINVAL: "not true, a passphrase is set, or locked (error-recovery 7)", EBUSY: "no endpoint, or a decoder is committed (C18)" }) },
  { path: "/sys/bus/cxl/devices/memN/trigger_poison_list", pattern: inMemdev("trigger_poison_list"), takes: "true", unit: "", errors: both(command, { EINVAL: "not true, or no endpoint" }) },
  { path: "/sys/bus/cxl/devices/memN/firmware/memN/loading", pattern: /\/firmware\/mem\d+\/loading$/, takes: "1 begins, 0 ends, -1 gives up", unit: "", errors: { EINVAL: "none of these, or nothing was received", EBUSY: "an upload is under way" } },
  { path: "/sys/bus/cxl/devices/memN/firmware/memN/data", pattern: /\/firmware\/mem\d+\/data$/, takes: "bytes of the image", unit: "", errors: { ENODEV: "loading has not begun" } },
  { path: "/sys/bus/cxl/devices/memN/firmware/memN/cancel", pattern: /\/firmware\/mem\d+\/cancel$/, takes: "1", unit: "", errors: { EINVAL: "not 1", ENODEV: "nothing to cancel" } },
  { path: "/sys/kernel/debug/cxl/memN/inject_poison, clear_poison", pattern: /\/debug\/cxl\/mem\d+\/(inject|clear)_poison$/, takes: "number, DPA, multiple of 64", unit: "bytes", errors: both(both(number, command), { EINVAL: "unaligned, or outside the device", EBUSY: "the device's limit of injections" }) },
  { path: "/sys/kernel/debug/cxl/regionN/inject_poison, clear_poison", pattern: /\/debug\/cxl\/region\d+\/(inject|clear)_poison$/, takes: "number, offset into the region, multiple of 64", unit: "bytes", errors: both(both(number, command), { EINVAL: "unaligned, or outside the region", EBUSY: "the device's limit of injections" }) },
  { path: `${dax}N.M/align`, pattern: inDax("align"), takes: "4096, 2097152, 1073741824", unit: "bytes", errors: both(number, { EINVAL: "not such a one, or ranges do not fit it (dax-memory 2)", EBUSY: "bound (dax-memory 2)" }) },
  { path: `${dax}N.M/mapping`, pattern: inDax("mapping"), takes: "`start-end`, hexadecimal, both inclusive", unit: "bytes", errors: both(number, { EINVAL: "no range", ENXIO: "no multiple of the alignment, or the region is going away", ENOMEM: "not free in the region", EBUSY: "bound (dax-memory 2)" }) },
  { path: `${dax}N.M/memmap_on_memory`, pattern: inDax("memmap_on_memory"), takes: "truth value", unit: "", errors: both(truth, { EOPNOTSUPP: "true, and memory_hotplug.memmap_on_memory is off (dax-memory 2)", EBUSY: "another value while kmem has it (dax-memory 2)" }) },
  { path: `${dax}N.M/size`, pattern: inDax("size"), takes: "number, multiple of the alignment", unit: "bytes", errors: both(number, { EINVAL: "misaligned (dax-memory 2)", EBUSY: "bound (dax-memory 2)", ENOSPC: "more than is free (dax-memory 2)", ENXIO: "the region is going away" }) },
  { path: `${dax}N.M/state`, pattern: inDax("state"), takes: "`unplugged`, `online`, `online_kernel`, `online_movable`; with policy `kernel: 7.3`, while kmem has the device", unit: "", errors: { EINVAL: "none of these, or a block has holes (dax-memory 5.5, 6)", EBUSY: "not unplugged before, or a block holds what cannot be moved (dax-memory 5.5, 6)", ENOMEM: "no room for its struct pages (dax-memory 5.4)" } },
  { path: "<parent>/dax_region/create", pattern: inGroup("create"), takes: "1", unit: "", errors: both(small, { EINVAL: "not 1", ENOSPC: "nothing is free (dax-memory 2)", ENXIO: "the region is going away" }) },
  { path: "<parent>/dax_region/delete", pattern: inGroup("delete"), takes: "name of a dax device", unit: "", errors: { ENXIO: "no such device (dax-memory 2)", EBUSY: "bound, not empty, or the first of its region (dax-memory 2)" } },
  { path: "/sys/bus/dax/drivers/*/new_id, remove_id", pattern: /\/bus\/dax\/drivers\/\w+\/(new|remove)_id$/, takes: "`daxN.M`", unit: "", errors: { EINVAL: "no such name (dax-memory 3)" } },
  { path: "/sys/bus/*/drivers/*/bind", pattern: /\/drivers\/[^/]+\/bind$/, takes: "name of a device", unit: "", errors: probe },
  { path: "/sys/bus/*/drivers/*/unbind", pattern: /\/drivers\/[^/]+\/unbind$/, takes: "name of a device", unit: "", errors: { ENODEV: "no such device on the bus, or the driver does not have it" } },
  { path: "/sys/bus/pci, platform/devices/*/driver_override", pattern: /\/driver_override$/, takes: "name of a driver, empty: none", unit: "", errors: { EINVAL: "longer than a page" } },
  { path: "/sys/bus/pci/devices/*/remove", pattern: /\/pci[^/]*\/.*\/remove$/, takes: "number, 0 does nothing", unit: "", errors: { EINVAL: "no number of 64 bits", EBUSY: "memory below is in use (policy removeveto)" } },
  { path: "/sys/bus/pci/rescan, /sys/bus/pci/devices/*/rescan", pattern: /\/pci[^/]*\/.*rescan$|\/bus\/pci\/rescan$/, takes: "number, 0 does nothing", unit: "", errors: { EINVAL: "no number of 64 bits", EBUSY: "functions from before are still there", ENODEV: "a port is gone" } },
  { path: "/sys/bus/pci/slots/N/power", pattern: /\/bus\/pci\/slots\/\d+\/power$/, takes: "0: everything below leaves, then power goes; 1: the card comes up", unit: "", errors: { EINVAL: "neither", ERANGE: "beyond 64 bits", ENODEV: "it is so already, or no card comes up (error-recovery 4.3)", EBUSY: "memory below is in use (policy removeveto), or functions from before are still there" } },
  { path: "/sys/bus/pci/devices/*/reset", pattern: /\/pci[^/]*\/.*\/reset$/, takes: "1", unit: "", errors: { EINVAL: "not 1", ENOTTY: "no way of `reset_method` works" } },
  { path: "/sys/bus/pci/devices/*/reset_method", pattern: /\/pci[^/]*\/.*\/reset_method$/, takes: "`flr`, `bus`, `cxl_bus` in the order to try them, `default`, empty: none", unit: "", errors: { EINVAL: "no such name, or the function does not have it" } },
  { path: "<device>/uevent, <driver>/uevent, /sys/bus/*/uevent", pattern: /\/uevent$/, takes: "`add`, `change`, `remove` and the other actions; nobody hears the event", unit: "", errors: { EINVAL: "no action" } },
  { path: "/sys/bus/pci/devices/*/cxl_isolation/isolation_ctrl", pattern: /\/cxl_isolation\/isolation_ctrl$/, takes: "truth value", unit: "", errors: both(truth, { EPERM: "the enable bit is firmware's (policy isoown)", EBUSY: "a region is decoded through the port", ETIMEDOUT: "0: the port stays busy for two seconds (TR1)" }) },
  { path: "/sys/bus/pci/devices/*/cxl_isolation/timeout_ctrl", pattern: /\/cxl_isolation\/timeout_ctrl$/, takes: "truth value", unit: "", errors: both(truth, { EOPNOTSUPP: "the port has no transaction timeout" }) },
  { path: "/sys/bus/pci/devices/*/cxl_isolation/timeout_range", pattern: /\/cxl_isolation\/timeout_range$/, takes: "`a`, `a2`, `b`, `b2`, `c`, `c2`, `d`, `d2`", unit: "", errors: { EINVAL: "no such name, or the port does not have its range" } },
  { path: "/sys/bus/pci/devices/*/enable", pattern: /\/pci[^/]*\/.*\/enable$/, takes: "number, 0 disables", unit: "", errors: { EINVAL: "no number of 64 bits, or a BAR has no address", EBUSY: "a driver has the function", EIO: "0: it is not enabled", ENODEV: "the function does not answer" } },
  { path: "/sys/bus/cxl/flush", pattern: /\/bus\/cxl\/flush$/, takes: "1", unit: "", errors: { EINVAL: "not 1" } },
  { path: "/sys/devices/system/memory/memoryN/state", pattern: /\/memory\d+\/state$/, takes: "`online`, `online_kernel`, `online_movable`, `offline`", unit: "", errors: { EINVAL: "none of these, in this state already, holes, or more than one zone (dax-memory 6)", EBUSY: "holds what cannot be moved (dax-memory 6)", EHWPOISON: "a page of it is poisoned (dax-memory 5.4)" } },
  { path: "/sys/devices/system/memory/memoryN/online", pattern: /\/memory\d+\/online$/, takes: "truth value", unit: "", errors: both(truth, { EINVAL: "holes, or more than one zone (dax-memory 6)", EBUSY: "holds what cannot be moved (dax-memory 6)", EHWPOISON: "a page of it is poisoned (dax-memory 5.4)" }) },
  { path: "/sys/devices/system/memory/soft_offline_page", pattern: /\/memory\/soft_offline_page$/, takes: "number, physical address", unit: "bytes", errors: both(number, { EIO: "no online memory there, the kernel's own page, or one that cannot be read (machine-check 5)", EBUSY: "somebody holds the page", ENOMEM: "no room for what is in it", EOPNOTSUPP: "vm.enable_soft_offline is off" }) },
  { path: "/sys/devices/system/memory/hard_offline_page", pattern: /\/memory\/hard_offline_page$/, takes: "number, physical address", unit: "bytes", errors: both(number, { ENXIO: "no page of the kernel's (machine-check 5.1)", EBUSY: "failed or ignored (machine-check 5.2)", EHWPOISON: "poisoned already (machine-check 5.2)" }) },
  { path: "/sys/devices/system/memory/auto_online_blocks", pattern: /\/memory\/auto_online_blocks$/, takes: "`online`, `online_kernel`, `online_movable`, `offline`", unit: "", errors: { EINVAL: "none of these (dax-memory 5.2)" } },
  { path: "/sys/kernel/tracing/events/**/enable, tracing_on", pattern: /\/tracing\/(events\/.*enable|tracing_on)$/, takes: "truth value", unit: "", errors: truth },
  { path: "/sys/kernel/tracing/trace", pattern: /\/tracing\/trace$/, takes: "anything: empties it", unit: "", errors: {} },
  { path: "/proc/sys/kernel/hung_task_timeout_secs", pattern: /^\/proc\/sys\/kernel\/hung_task_timeout_secs$/, takes: "number, 0 to 9000000", unit: "seconds; 0: nobody looks", errors: number },
  { path: "/dev/null", pattern: /^\/dev\/null$/, takes: "anything: it is gone", unit: "", errors: {} },
];

/** The entry of a file by its path without links. */
export const storeEntryOf = (path: string): StoreEntry | undefined => storeTable.find((entry) => entry.pattern.test(path));
