// Machine keys: what a machine description gives to HwInit fields and to structures that may be absent. Order is the id in the module.

const meanings = {
  decoderCountCode: "Number of HDM decoders, encoded as in HDM capability 3:0",
  targetCount: "Targets per HDM decoder of a host bridge: 1, 2, 4 or 8",
  ways3612: "1: device decodes 3, 6 and 12 ways",
  ways16: "1: device decodes 16 ways",
  poisonOnDecodeError: "1: a read that no decoder claims can return poison",
  portNumber: "Port number of a root port, 0..255: what target lists name",
  slotNumber: "Physical slot number, 0..8191",
  hotPlug: "1: the slot is hot-plug capable",
  isolation: "1: the root port has the Timeout and Isolation structure",
  memoryTimeoutRanges: "Bitmap of CXL.mem timeout ranges A (bit 0) to D (bit 3): 0, 1, 2, 3, 6, 7, 14 or 15",
  memoryTimeout: "1: CXL.mem transaction timeout supported",
  memoryIsolation: "1: CXL.mem isolation supported",
  memoryIsolationLinkDown: "1: forced link down on CXL.mem isolation supported",
  isolationErrCor: "1: ERR_COR on isolation supported",
  isolationInterrupt: "1: interrupt on isolation supported",
  isolationMessage: "Message number of the isolation interrupt, 0..31",
  serialLow: "Serial number bits 31:0",
  serialHigh: "Serial number bits 63:32",
  rangeCount: "Range register sets of the device DVSEC that are in use: 1 or 2",
  range1SizeHigh: "Capacity bits 63:32",
  range1SizeLow: "Capacity bits 31:28",
  volatilePreserved: "1: volatile contents survive a hot reset",
  hasSerialNumber: "1: the root port has a Device Serial Number capability (a device always has one)",
} as const satisfies Readonly<Record<string, string>>;

export type MachineKey = keyof typeof meanings;
export const machineKeyMeanings: Readonly<Record<MachineKey, string>> = meanings;
export const machineKeys = Object.keys(meanings) as readonly MachineKey[];
