// Differences that were looked at and are right as they are, each with its reason. No rule takes whatever comes: it says what theirs and ours are.

export interface LinuxRule {
  readonly id: string;
  /** Places it is about. */
  readonly place: RegExp;
  /** Absent values: only the other side has the place. */
  readonly holds: (theirs: string | undefined, ours: string | undefined) => boolean;
  readonly reason: string;
}

const isDeviceNumber = (text: string | undefined): boolean => text !== undefined && /^\d+:\d+$/.test(text);

const is = (theirs: string | undefined, ours: string | undefined) => (their: string | undefined, our: string | undefined): boolean => their === theirs && our === ours;

/** Get Alert Configuration as QEMU answers it, and as our devices do (CXL 8.2.10.9.3.2), by the name in the listing. */
const alerts: readonly (readonly [name: string, theirs: string, ours: string])[] = [
  ...["life_used", "dev_over_temperature", "dev_under_temperature", "corrected_volatile_mem_err", "corrected_pmem_err"].map((name) => [`${name}_prog_warn_threshold_writable`, "false", "true"] as const),
  ["life_used_crit_alert_threshold", "75", "95"], ["life_used_prog_warn_threshold", "40", "75"],
  ["dev_over_temperature_crit_alert_threshold", "35", "70"], ["dev_under_temperature_crit_alert_threshold", "10", "65526"],
  ["dev_over_temperature_prog_warn_threshold", "25", "55"], ["dev_under_temperature_prog_warn_threshold", "20", "0"],
];
const alertReason = "Values of the device, not of the kernel: QEMU's thresholds are fixed, and its mask of what can be programmed shows what was enabled last; ours can all be programmed.";

export const linuxRules: readonly LinuxRule[] = [
  { id: "name of the firmware", place: /memdev\.firmware_version$|\[mem<0x[0-9a-f]+>\]\.firmware_version$/, holds: is('"BWFW VERSION 00"', '"BWFW VERSION 0"'), reason: "QEMU names its firmware one way in Identify and another in Get FW Info; a device of ours has one name for both, the latter." },
  { id: "name of the firmware in sysfs", place: /^attrs cxl mem<0x[0-9a-f]+> firmware_version$/, holds: is("BWFW VERSION 00", "BWFW VERSION 0"), reason: "As in the listing: Identify's own name." },
  { id: "decoders of root ports", place: /^registers \S+ global control$/, holds: is("0x00000000", undefined), reason: "QEMU gives root ports an HDM decoder capability, which CXL 8.2.4 does not allow them; nothing uses it." },
  { id: "device numbers", place: /^attrs (cxl mem|dax dax)\S+ dev$/, holds: (theirs, ours) => isDeviceNumber(theirs) && isDeviceNumber(ours), reason: "Major and minor numbers are handed out as drivers load; only their form is said." },
  { id: "table of an endpoint", place: /^attrs cxl endpoint<0x[0-9a-f]+> CDAT$/, holds: (theirs, ours) => theirs === undefined && ours !== undefined, reason: "The capture of attributes holds text files only; the names in sysfs-tree.txt have the table of every endpoint." },
  ...alerts.map(([name, theirs, ours]): LinuxRule => ({ id: `alerts: ${name}`, place: new RegExp(`\\.alert_config\\.${name}$`), holds: is(theirs, ours), reason: alertReason })),
];
