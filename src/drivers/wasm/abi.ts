// The interface of a wasm driver as data: its imports (module "cxl"), its exports, its requests and its constants, in one table that the adapter, the
// C header (tools/c-header.ts) and the guide read. Numbers are a promise: they are added to, never changed. Structures and registers are in registers/.

/** What `cxl_driver_abi` of a driver returns. */
export const abiVersion = 1;

/** Module name of all imports. */
export const importModule = "cxl";

/** Types of parameters and results: as WebAssembly has them and as C writes them. Pointers are offsets in the driver's own memory, checked at every call. */
export const abiTypes = {
  u32: { wasm: "i32", c: "uint32_t" },
  i32: { wasm: "i32", c: "int32_t" },
  u64: { wasm: "i64", c: "uint64_t" },
  i64: { wasm: "i64", c: "int64_t" },
  text: { wasm: "i32", c: "const char *" },
  textOut: { wasm: "i32", c: "char *" },
  bytesOut: { wasm: "i32", c: "void *" },
  numbers: { wasm: "i32", c: "const int32_t *" },
  numbersOut: { wasm: "i32", c: "int32_t *" },
  table: { wasm: "i32", c: "const struct cxl_match *" },
  void: { wasm: "", c: "void" },
} as const;
export type AbiType = keyof typeof abiTypes;

export interface AbiFunction {
  readonly parameters: readonly (readonly [name: string, type: AbiType])[];
  readonly result: AbiType;
  readonly meaning: string;
  /** Error numbers it may give, beside EINVAL for numbers that mean nothing and EFAULT for memory that is not the driver's. */
  readonly errors?: string;
}

/** A heading of the guide, and what stands below it. */
type Groups = Readonly<Record<string, Readonly<Record<string, AbiFunction>>>>;

const device = ["device", "u32"] as const;
const text = (name: string) => [[name, "text"], [`${name}_length`, "u32"]] as const;
const textOut = [["out", "textOut"], ["capacity", "u32"]] as const;

/**
 * Results of type i32 and i64 are a value from 0, or an error number below 0; a u32 or u64 that cannot be had is all ones. Functions that write text write at
 * most `capacity` bytes with a NUL at their end and give the length that the whole has.
 */
export const importGroups = {
  Registers: {
    cxl_find: { parameters: [device, ["structure", "u32"]], result: "i32", meaning: "Finds a structure of a function, in its component registers, its device registers or its config space: a mapping that starts where the structure does", errors: "ENODEV the function has none; ENOMEM too many objects" },
    cxl_config: { parameters: [device], result: "i32", meaning: "Config space of a function: a mapping of 4096 bytes", errors: "ENOMEM" },
    cxl_map: { parameters: [["base", "u64"], ["size", "u64"]], result: "i32", meaning: "Maps physical addresses, up to 2 GiB", errors: "ENOMEM" },
    cxl_read8: { parameters: [["mapping", "u32"], ["offset", "u32"]], result: "u32", meaning: "Reads 8 bits" },
    cxl_read16: { parameters: [["mapping", "u32"], ["offset", "u32"]], result: "u32", meaning: "Reads 16 bits" },
    cxl_read32: { parameters: [["mapping", "u32"], ["offset", "u32"]], result: "u32", meaning: "Reads 32 bits" },
    cxl_read64: { parameters: [["mapping", "u32"], ["offset", "u32"]], result: "u64", meaning: "Reads 64 bits; in config space two accesses, low first" },
    cxl_write8: { parameters: [["mapping", "u32"], ["offset", "u32"], ["value", "u32"]], result: "i32", meaning: "Writes 8 bits" },
    cxl_write16: { parameters: [["mapping", "u32"], ["offset", "u32"], ["value", "u32"]], result: "i32", meaning: "Writes 16 bits" },
    cxl_write32: { parameters: [["mapping", "u32"], ["offset", "u32"], ["value", "u32"]], result: "i32", meaning: "Writes 32 bits" },
    cxl_write64: { parameters: [["mapping", "u32"], ["offset", "u32"], ["value", "u64"]], result: "i32", meaning: "Writes 64 bits; in config space two accesses, low first" },
    cxl_put: { parameters: [["object", "u32"]], result: "i32", meaning: "Gives back a mapping, a claim, a region, a plan or a recovery: its number means nothing from then on" },
  },
  Devices: {
    cxl_device_address: { parameters: [device], result: "u32", meaning: "Segment 31:16, bus 15:8, device 7:3, function 2:0" },
    cxl_device_kind: { parameters: [device], result: "i32", meaning: "CXL_KIND_*" },
    cxl_device_name: { parameters: [device, ...textOut], result: "i32", meaning: "SSSS:BB:DD.F" },
    cxl_request_interrupt: { parameters: [device, ["message", "u32"]], result: "i32", meaning: "Has `cxl_interrupt` called for this message of the function", errors: "EINVAL it was not granted the message" },
    cxl_free_interrupt: { parameters: [device, ["message", "u32"]], result: "i32", meaning: "The message is not wanted any more" },
    cxl_event_record: { parameters: [["out", "bytesOut"], ["capacity", "u32"]], result: "i32", meaning: "Inside `cxl_event`: up to `capacity` bytes of the record (CXL 3.2 8.2.10.2.1); the length of all of it, 128", errors: "ENOENT no event is being told" },
    cxl_claim: { parameters: [device, ["start", "u64"], ["size", "u64"]], result: "i32", meaning: "Claims addresses in /proc/iomem: an object", errors: "EBUSY somebody has them; ENOMEM" },
  },
  Memory: {
    cxl_load: { parameters: [["address", "u64"], ["width", "u32"], ["value", "bytesOut"]], result: "i32", meaning: "CPU load of 1, 2, 4 or 8 bytes from a physical address; waits for the answer and writes 8 bytes to `value`: CXL_MEMORY_*" },
    cxl_store: { parameters: [["address", "u64"], ["width", "u32"], ["value", "u64"]], result: "i32", meaning: "CPU store: CXL_MEMORY_*" },
    cxl_invalidate_caches: { parameters: [["base", "u64"], ["size", "u64"]], result: "i32", meaning: "Makes memory and caches agree before decode changes", errors: "EOPNOTSUPP the platform cannot" },
  },
  "Log and parameters": {
    cxl_log: { parameters: [["level", "u32"], ...text("text")], result: "i32", meaning: "A line of the kernel log, up to 1024 bytes of UTF-8; control characters come out as `?`. CXL_LOG_*" },
    cxl_mark: { parameters: [...text("text"), ...text("detail")], result: "i32", meaning: "A step worth finding in the trace and waiting for in a scenario (`after:`)" },
    cxl_panic: { parameters: text("text"), result: "void", meaning: "Ends the host. Does not return" },
    cxl_error_text: { parameters: textOut, result: "i32", meaning: "What the kernel said to the error number that was given last, by an import or to `cxl_completed`" },
    cxl_parameter: { parameters: [...text("name"), ...textOut], result: "i32", meaning: "A parameter of the scenario's `driver:`", errors: "ENOENT it was not given" },
  },
  Time: {
    cxl_now: { parameters: [], result: "u64", meaning: "Virtual nanoseconds since power-on" },
    cxl_delay: { parameters: [["nanoseconds", "u64"]], result: "i32", meaning: "Spends virtual CPU time without letting anybody else run, up to 10 s (udelay, mdelay)" },
    cxl_request: { parameters: [["operation", "u32"], ["a", "u64"], ["b", "u64"], ["c", "u64"]], result: "i32", meaning: "Starts what may wait, CXL_REQUEST_*: a number from 1, which `cxl_completed` brings back with the result", errors: "EAGAIN 256 requests are open; EOPNOTSUPP the driver has no `cxl_completed`" },
  },
  "Link and slot": {
    cxl_link_is_up: { parameters: [device], result: "i32", meaning: "1: the link below the port is up" },
    cxl_link_disable: { parameters: [device], result: "i32", meaning: "Sets Link Disable" },
    cxl_link_enable: { parameters: [device], result: "i32", meaning: "Clears Link Disable" },
    cxl_slot_hold: { parameters: [device, ["is_held", "u32"]], result: "i32", meaning: "While it is held, hot-plug events of the slot do nothing" },
    cxl_slot_disconnect: { parameters: [device], result: "i32", meaning: "Nobody touches config space below the port any more" },
  },
  "Regions and recovery": {
    cxl_granted: { parameters: [device], result: "i32", meaning: "What _OSC granted for the host bridge above, as bits CXL_GRANTED_*" },
    cxl_set_isolated: { parameters: [device, ["is_isolated", "u32"]], result: "i32", meaning: "Tells the CXL core that memory below the root port is not reachable, or is again" },
    cxl_regions_below: { parameters: [device, ["out", "numbersOut"], ["capacity", "u32"]], result: "i32", meaning: "Regions with a member below the port: their number; as many of them as objects as `out` has room for", errors: "ENOMEM" },
    cxl_plan: { parameters: [["region", "u32"]], result: "i32", meaning: "What a region is now, so that it can be made again: an object", errors: "ENOMEM" },
    cxl_value: { parameters: [["object", "u32"], ["which", "u32"]], result: "i64", meaning: "A figure of a region, a plan or a recovery, CXL_VALUE_*", errors: "EINVAL it has no such figure" },
    cxl_name: { parameters: [["object", "u32"], ...textOut], result: "i32", meaning: "Name of a region or a plan" },
    cxl_pin_owners: { parameters: [["regions", "numbers"], ["count", "u32"], ...textOut], result: "i32", meaning: "Who has pages of these regions pinned, with commas between; 0: nobody" },
    cxl_recovery: { parameters: [device], result: "i32", meaning: "Opens the record of a recovery, which the report and `outcome` read: an object", errors: "ENOMEM" },
    cxl_recovery_enter: { parameters: [["recovery", "u32"], ["state", "u32"], ...text("detail")], result: "i32", meaning: "The recovery is in this state, CXL_STATE_*; logged and marked" },
    cxl_recovery_blocked: { parameters: [["recovery", "u32"], ...text("owners")], result: "i32", meaning: "Owners that it waits for; no text: none" },
    cxl_recovery_bytes: { parameters: [["recovery", "u32"], ["before", "u64"], ["after", "u64"]], result: "i32", meaning: "Bytes of dax devices before it and now" },
    cxl_recovery_end: { parameters: [["recovery", "u32"]], result: "i32", meaning: "It is over" },
  },
} as const satisfies Groups;

type GroupsOf = typeof importGroups;
type UnionToIntersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never;
/** Every import by name. */
export type Imports = UnionToIntersection<GroupsOf[keyof GroupsOf]>;
export type ImportName = keyof Imports;
export const imports = Object.assign({}, ...Object.values(importGroups)) as Imports;

/** What a driver exports. `isRequired`: a module without it is refused; of the others it has those that it wants to hear of. */
export const exports = {
  cxl_driver_abi: { parameters: [], result: "u32", meaning: `The version of this interface that the driver was written for: ${abiVersion}`, isRequired: true },
  cxl_match: { parameters: [], result: "table", meaning: "Functions that it wants: entries of five u32 (kind, structure, vendor, device, class; 0 fits everything), an entry of zeros at the end, 16 at most", isRequired: true },
  cxl_probe: { parameters: [device], result: "i32", meaning: "A function that matches. 0: it has a driver; above: not wanted; an error number below: it cannot be driven", isRequired: true },
  cxl_takes_function: { parameters: [], result: "i32", meaning: "1: it is the function's driver itself, before Linux's, not a service beside it", isRequired: false },
  _initialize: { parameters: [], result: "void", meaning: "Constructors of languages that have them; before everything else", isRequired: false },
  cxl_interrupt: { parameters: [device, ["message", "u32"]], result: "void", meaning: "A message that was asked for with `cxl_request_interrupt`", isRequired: false },
  cxl_isolation: { parameters: [device, ["source", "u32"]], result: "void", meaning: "Somebody else noticed that the port may be isolated, CXL_SOURCE_*: read the status before believing it", isRequired: false },
  cxl_error: { parameters: [device, ["severity", "u32"], ["status", "u32"]], result: "i32", meaning: "AER, once per error. CXL_SEVERITY_*, and the status register that names it; answers CXL_ANSWER_*", isRequired: false },
  cxl_event: { parameters: [device, ["log", "u32"]], result: "void", meaning: "A record of an event log, CXL_EVENT_*; `cxl_event_record` gives it", isRequired: false },
  cxl_reset_done: { parameters: [device], result: "void", meaning: "The function was reset, its config space put back", isRequired: false },
  cxl_remove: { parameters: [device], result: "void", meaning: "The driver is to let go. Mappings and claims of the function are taken back afterwards", isRequired: false },
  cxl_completed: { parameters: [["request", "i32"], ["result", "i64"]], result: "void", meaning: "A request has ended: its result, or an error number below 0", isRequired: false },
} as const satisfies Readonly<Record<string, AbiFunction & { readonly isRequired: boolean }>>;
export type ExportName = keyof typeof exports;

export interface RequestDeclaration {
  readonly number: number;
  /** What a, b and c are; those that are not named are not read. */
  readonly parameters: readonly string[];
  readonly meaning: string;
  readonly result: string;
}

/** Operations of `cxl_request`. */
export const requests = {
  sleep: { number: 1, parameters: ["nanoseconds"], meaning: "Waits, up to 2^53 ns", result: "0" },
  work: { number: 2, parameters: [], meaning: "Goes on as soon as the scheduler lets it, out of interrupt context", result: "0" },
  linkWait: { number: 3, parameters: ["device", "is_up", "nanoseconds"], meaning: "Waits until the link is up (1) or down (0), polling every 10 ms", result: "1 it is; 0 time is over" },
  removeBelow: { number: 4, parameters: ["device"], meaning: "Removes the functions below a port", result: "0" },
  rescan: { number: 5, parameters: ["device"], meaning: "Finds and probes what answers below a port", result: "functions found" },
  fence: { number: 6, parameters: ["regions", "count"], meaning: "Revokes every mapping of the regions' dax devices", result: "0" },
  waitForPins: { number: 7, parameters: ["regions", "count"], meaning: "Waits until no page of the regions is pinned, without limit", result: "0" },
  unbind: { number: 8, parameters: ["region"], meaning: "Unbinds the region's driver", result: "0" },
  release: { number: 9, parameters: ["region", "plan", "device"], meaning: "Takes the region out of the way of removal below the port", result: "0" },
  recreate: { number: 10, parameters: ["plan"], meaning: "Makes and commits a region as it was; smaller when a member is", result: "the region, an object" },
  clear: { number: 11, parameters: ["start", "size"], meaning: "Writes zeros", result: "1; 0 the memory does not answer" },
  activate: { number: 12, parameters: ["region"], meaning: "Binds the region's driver and waits for its dax device", result: "0" },
  restoreDax: { number: 13, parameters: ["region", "plan"], meaning: "Splits the region's memory as it was", result: "0" },
} as const satisfies Readonly<Record<string, RequestDeclaration>>;
export type RequestName = keyof typeof requests;

/** Named numbers by group: CXL_<GROUP>_<NAME> in C. */
export const constants = {
  kind: { "root-port": 1, "upstream-port": 2, "downstream-port": 3, endpoint: 4 },
  log: { emerg: 0, alert: 1, crit: 2, err: 3, warn: 4, notice: 5, info: 6, debug: 7 },
  source: { "ACPI notify": 1, "machine check": 2 },
  severity: { correctable: 1, nonfatal: 2, fatal: 3 },
  answer: { none: 0, "can-recover": 1, "need-reset": 2, disconnect: 3 },
  event: { informational: 0, warning: 1, failure: 2, fatal: 3, dynamicCapacity: 4 },
  memory: { ok: 0, poison: 1, dropped: 2, ones: 3, fatal: 4, never: 5 },
  granted: { isolationControl: 1, isolationNotification: 2, memoryErrors: 4 },
  value: { start: 1, size: 2, aliveBytes: 3, isGone: 4, isKernelMapped: 5, state: 6 },
  state: {
    NOTIFIED: 1, FENCED: 2, EVACUATED: 3, UNBOUND: 4, REMOVED: 5, LINK_DOWN: 6, CLEARED: 7, LINK_UP: 8, ENUMERATED: 9, RECREATED: 10,
    RECOVERED: 11, "RECOVERED-REDUCED": 12, BLOCKED: 13, STRANDED: 14, REBOOT_CHOSEN: 15,
  },
} as const;

/** Error numbers, as Linux's ABI has them. */
export const errorNumbers = {
  EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, EBADF: 9, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EFAULT: 14, EBUSY: 16, EEXIST: 17, ENODEV: 19, EINVAL: 22, ENOSPC: 28,
  ERANGE: 34, EOPNOTSUPP: 95, ETIMEDOUT: 110, EPROBE_DEFER: 517,
} as const;
export type ErrorName = keyof typeof errorNumbers;

/** The name of a number in a group of constants. */
export function nameOf<T extends string>(group: Readonly<Record<T, number>>, number: number): T | undefined {
  return (Object.keys(group) as T[]).find((name) => group[name] === number);
}
