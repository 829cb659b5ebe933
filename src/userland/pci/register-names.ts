// Registers that setpci knows by name: header registers with place and width, capabilities by their id. Names as the tool lists them (--dumpregs).

export interface NamedRegister {
  readonly name: string;
  readonly place: number;
  /** Bytes; 0: to be said by the user. */
  readonly width: 0 | 1 | 2 | 4;
  /** Header types that have it; empty: all. */
  readonly headers: readonly number[];
  readonly capability?: { readonly id: number; readonly isExtended: boolean };
}

type Row = readonly [string, number, 1 | 2 | 4];

const every: readonly Row[] = [
  ["VENDOR_ID", 0x00, 2], ["DEVICE_ID", 0x02, 2], ["COMMAND", 0x04, 2], ["STATUS", 0x06, 2], ["REVISION", 0x08, 1], ["CLASS_PROG", 0x09, 1], ["CLASS_DEVICE", 0x0a, 2], ["CACHE_LINE_SIZE", 0x0c, 1], ["LATENCY_TIMER", 0x0d, 1], ["HEADER_TYPE", 0x0e, 1], ["BIST", 0x0f, 1],
];
const endpointOrBridge: readonly Row[] = [["BASE_ADDRESS_0", 0x10, 4], ["BASE_ADDRESS_1", 0x14, 4], ["CAPABILITIES", 0x34, 1], ["INTERRUPT_LINE", 0x3c, 1], ["INTERRUPT_PIN", 0x3d, 1]];
const endpoint: readonly Row[] = [
  ["BASE_ADDRESS_2", 0x18, 4], ["BASE_ADDRESS_3", 0x1c, 4], ["BASE_ADDRESS_4", 0x20, 4], ["BASE_ADDRESS_5", 0x24, 4], ["CARDBUS_CIS", 0x28, 4], ["SUBSYSTEM_VENDOR_ID", 0x2c, 2], ["SUBSYSTEM_ID", 0x2e, 2], ["ROM_ADDRESS", 0x30, 4], ["MIN_GNT", 0x3e, 1], ["MAX_LAT", 0x3f, 1],
];
const bridge: readonly Row[] = [
  ["PRIMARY_BUS", 0x18, 1], ["SECONDARY_BUS", 0x19, 1], ["SUBORDINATE_BUS", 0x1a, 1], ["SEC_LATENCY_TIMER", 0x1b, 1], ["IO_BASE", 0x1c, 1], ["IO_LIMIT", 0x1d, 1], ["SEC_STATUS", 0x1e, 2], ["MEMORY_BASE", 0x20, 2], ["MEMORY_LIMIT", 0x22, 2],
  ["PREF_MEMORY_BASE", 0x24, 2], ["PREF_MEMORY_LIMIT", 0x26, 2], ["PREF_BASE_UPPER32", 0x28, 4], ["PREF_LIMIT_UPPER32", 0x2c, 4], ["IO_BASE_UPPER16", 0x30, 2], ["IO_LIMIT_UPPER16", 0x32, 2], ["BRIDGE_ROM_ADDRESS", 0x38, 4], ["BRIDGE_CONTROL", 0x3e, 2],
];
/** By id, from 1 on; empty: no name. */
const capabilities = ["PM", "AGP", "VPD", "SLOTID", "MSI", "CHSWP", "PCIX", "HT", "VNDR", "DBG", "CCRC", "HOTPLUG", "SSVID", "AGP3", "SECURE", "EXP", "MSIX", "SATA", "AF", "EA"];
const extendedCapabilities = [
  "AER", "VC", "DSN", "PB", "RCLINK", "RCILINK", "RCEC", "MFVC", "VC2", "RBCB", "VNDR", "", "ACS", "ARI", "ATS", "SRIOV", "MRIOV", "MCAST", "PRI", "", "REBAR", "DPA", "TPH", "LTR", "SECPCI", "PMUX", "PASID", "LNR", "DPC", "L1PM", "PTM", "M_PCIE", "FRS", "RTR", "DVSEC",
  "VF_REBAR", "DLNK", "16GT", "LMR", "HIER_ID", "NPEM", "32GT", "", "", "", "", "", "IDE", "64GT", "FL",
];

const plain = (rows: readonly Row[], headers: readonly number[]): NamedRegister[] => rows.map(([name, place, width]) => ({ name, place, width, headers }));
const ofCapabilities = (names: readonly string[], prefix: string, isExtended: boolean): NamedRegister[] =>
  names.map((name, index): NamedRegister => ({ name: `${prefix}_${name}`, place: 0, width: 0, headers: [], capability: { id: index + 1, isExtended } })).filter((_, index) => names[index] !== "");

export const namedRegisters: readonly NamedRegister[] = [
  ...plain(every, []), ...plain(endpointOrBridge, [0, 1]), ...plain(endpoint, [0]), ...plain(bridge, [1]), ...ofCapabilities(capabilities, "CAP", false), ...ofCapabilities(extendedCapabilities, "ECAP", true),
];
