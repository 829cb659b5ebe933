// PCI configuration space: headers and standard capabilities (PCIe base specification; names of the fields as there).

import { messageNumbers } from "./constants.ts";
import type { FieldDeclaration, RegisterDeclaration, StructureDeclaration } from "./schema.ts";

const command = {
  offset: 0x04, width: 16, clause: "PCIe 7.5.1.1.3", meaning: "Command", onWrite: "command",
  fields: {
    memorySpaceEnable: { bits: 1, access: "RW", meaning: "Answer memory accesses" },
    busMasterEnable: { bits: 2, access: "RW", meaning: "May send requests, MSI among them" },
    parityErrorResponse: { bits: 6, access: "RW", meaning: "Parity error response", unmodelled: true },
    serrEnable: { bits: 8, access: "RW", meaning: "Report errors to the root" },
    interruptDisable: { bits: 10, access: "RW", meaning: "No INTx" },
  },
} as const;

const identification = (deviceId: number, classCode: number, headerType: number) => ({
  vendorId: { offset: 0x00, width: 16, clause: "PCIe 7.5.1.1.1", meaning: "Vendor", fields: { value: { bits: [15, 0], access: "RO", reset: 0x1e98, meaning: "Vendor id" } } },
  deviceId: { offset: 0x02, width: 16, clause: "PCIe 7.5.1.1.2", meaning: "Device", fields: { value: { bits: [15, 0], access: "RO", reset: deviceId, meaning: "Device id" } } },
  command,
  status: { offset: 0x06, width: 16, clause: "PCIe 7.5.1.1.4", meaning: "Status", fields: { capabilitiesList: { bits: 4, access: "RO", reset: 1, meaning: "Capability list present" } } },
  revisionId: { offset: 0x08, width: 8, clause: "PCIe 7.5.1.1.5", meaning: "Revision", fields: { value: { bits: [7, 0], access: "RO", reset: 1, meaning: "Revision" } } },
  classCode: {
    offset: 0x09, width: 8, clause: "PCIe 7.5.1.1.6", meaning: "Programming interface", fields: { programmingInterface: { bits: [7, 0], access: "RO", reset: classCode & 0xff, meaning: "Programming interface" } },
  },
  subClass: { offset: 0x0a, width: 16, clause: "PCIe 7.5.1.1.6", meaning: "Base class and sub-class", fields: { value: { bits: [15, 0], access: "RO", reset: classCode >> 8, meaning: "Base class 15:8, sub-class 7:0" } } },
  cacheLineSize: { offset: 0x0c, width: 8, clause: "PCIe 7.5.1.1.7", meaning: "No effect in PCIe", fields: { value: { bits: [7, 0], access: "RW", meaning: "Cache line size" } } },
  headerType: { offset: 0x0e, width: 8, clause: "PCIe 7.5.1.1.9", meaning: "Header layout", fields: { value: { bits: [6, 0], access: "RO", reset: headerType, meaning: "0 endpoint, 1 bridge" }, multiFunction: { bits: 7, access: "RO", meaning: "More functions" } } },
  bar0: {
    offset: 0x10, width: 32, clause: "PCIe 7.5.1.2.1", meaning: "Component and device registers", onWrite: "bar",
    fields: {
      type: { bits: [2, 1], access: "RO", reset: 2, meaning: "64-bit" },
      prefetchable: { bits: 3, access: "RO", reset: 1, meaning: "Prefetchable" },
      address31to16: { bits: [31, 16], access: "RW", meaning: "Address bits above the size" },
    },
  },
  bar1: { offset: 0x14, width: 32, clause: "PCIe 7.5.1.2.1", meaning: "Upper half", onWrite: "bar", fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
  capabilitiesPointer: { offset: 0x34, width: 8, clause: "PCIe 7.5.1.1.11", meaning: "First capability (filled in from the layout)", fields: { value: { bits: [7, 0], access: "RO", meaning: "Offset" } } },
  interruptLine: { offset: 0x3c, width: 8, clause: "PCIe 7.5.1.1.12", meaning: "Interrupt line", fields: { value: { bits: [7, 0], access: "RW", meaning: "For software" } } },
} as const);

export const endpointHeader = {
  name: "endpointHeader", clause: "PCIe 7.5.1.2", length: 0x40, widths: [1, 2, 4],
  registers: {
    ...identification(0x0c03, 0x050210, 0),
    subsystemId: { offset: 0x2c, width: 32, clause: "PCIe 7.5.1.2.3", meaning: "Subsystem", fields: { value: { bits: [31, 0], access: "RO", reset: 0x0001_1e98, meaning: "Subsystem id and vendor" } } },
  },
} as const satisfies StructureDeclaration;

const bridge = (deviceId: number) => ({
  name: "bridgeHeader", clause: "PCIe 7.5.1.3", length: 0x40, widths: [1, 2, 4],
  registers: {
    ...identification(deviceId, 0x060400, 1),
    primaryBus: { offset: 0x18, width: 8, clause: "PCIe 7.5.1.3.2", meaning: "Bus above", onWrite: "busNumbers", fields: { value: { bits: [7, 0], access: "RW", meaning: "Bus number" } } },
    secondaryBus: { offset: 0x19, width: 8, clause: "PCIe 7.5.1.3.3", meaning: "Bus below", onWrite: "busNumbers", fields: { value: { bits: [7, 0], access: "RW", meaning: "Bus number" } } },
    subordinateBus: { offset: 0x1a, width: 8, clause: "PCIe 7.5.1.3.4", meaning: "Last bus below", onWrite: "busNumbers", fields: { value: { bits: [7, 0], access: "RW", meaning: "Bus number" } } },
    memoryBase: { offset: 0x20, width: 16, clause: "PCIe 7.5.1.3.8", meaning: "Memory window", onWrite: "bridgeWindow", fields: { address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    memoryLimit: { offset: 0x22, width: 16, clause: "PCIe 7.5.1.3.8", meaning: "Memory window", onWrite: "bridgeWindow", fields: { address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    prefetchableBase: { offset: 0x24, width: 16, clause: "PCIe 7.5.1.3.9", meaning: "Prefetchable window", onWrite: "bridgeWindow", fields: { is64Bit: { bits: [3, 0], access: "RO", reset: 1, meaning: "64-bit" }, address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    prefetchableLimit: { offset: 0x26, width: 16, clause: "PCIe 7.5.1.3.9", meaning: "Prefetchable window", onWrite: "bridgeWindow", fields: { is64Bit: { bits: [3, 0], access: "RO", reset: 1, meaning: "64-bit" }, address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    prefetchableBaseHigh: { offset: 0x28, width: 32, clause: "PCIe 7.5.1.3.10", meaning: "Upper half", onWrite: "bridgeWindow", fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    prefetchableLimitHigh: { offset: 0x2c, width: 32, clause: "PCIe 7.5.1.3.10", meaning: "Upper half", onWrite: "bridgeWindow", fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    bridgeControl: { offset: 0x3e, width: 16, clause: "PCIe 7.5.1.3.13", meaning: "Bridge control", onWrite: "bridgeControl", fields: { serrEnable: { bits: 1, access: "RW", meaning: "Forward errors" }, secondaryBusReset: { bits: 6, access: "RW", meaning: "Resets everything below, if unmasked" } } },
  },
} as const satisfies StructureDeclaration);

export const bridgeHeader = bridge(0x0c01);
export const upstreamPortHeader = bridge(0x0c04);
export const downstreamPortHeader = bridge(0x0c05);

export const capabilityHeader = { offset: 0x00, width: 16, clause: "PCIe 7.5.3.1", meaning: "Capability id and next pointer (filled in from the layout)", fields: { id: { bits: [7, 0], access: "RO", meaning: "Capability id" }, next: { bits: [15, 8], access: "RO", meaning: "Next capability" } } } as const;

const indicatorStates = { 1: "on", 2: "blinking", 3: "off" } as const;

type Registers = Readonly<Record<string, RegisterDeclaration>>;

/** The same registers as a function shows them that does not implement them: all read 0 (PCIe 7.5.3). */
function unimplemented<T extends Registers>(registers: T): T {
  return Object.fromEntries(
    Object.entries(registers).map(([name, { onWrite: _, ...register }]) => [name, { ...register, fields: Object.fromEntries(Object.entries(register.fields).map(([field, { bits, meaning }]) => [field, { bits, access: "RO", meaning }])) }]),
  ) as unknown as T;
}

const isEndpoint = (portType: number): boolean => portType === 0;
const isDownstream = (portType: number): boolean => portType === 4 || portType === 6;

const pcieCommon = (portType: number) => ({
  header: capabilityHeader,
  flags: { offset: 0x02, width: 16, clause: "PCIe 7.5.3.2", meaning: "PCIe capabilities", fields: { version: { bits: [3, 0], access: "RO", reset: 2, meaning: "Capability version" }, portType: { bits: [7, 4], access: "RO", reset: portType, meaning: "Device or port type", values: { 0: "endpoint", 4: "root port", 5: "upstream", 6: "downstream" } }, slotImplemented: { bits: 8, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "A slot is behind the port" }, interruptMessage: { bits: [13, 9], access: "RO", meaning: "Message of slot events" } } },
  deviceCapabilities: { offset: 0x04, width: 32, clause: "PCIe 7.5.3.3", meaning: "Device capabilities", fields: { maxPayload: { bits: [2, 0], access: "RO", reset: 1, meaning: "256 bytes" }, roleBasedErrors: { bits: 15, access: "RO", reset: 1, meaning: "Role-based error reporting" }, functionLevelReset: { bits: 28, access: "RO", reset: isEndpoint(portType) ? 1 : 0, meaning: "Function level reset" } } },
  deviceControl: { offset: 0x08, width: 16, clause: "PCIe 7.5.3.4", meaning: "Device control", onWrite: "functionControl", fields: { correctableEnable: { bits: 0, access: "RW", meaning: "Report correctable errors" }, nonFatalEnable: { bits: 1, access: "RW", meaning: "Report non-fatal errors" }, fatalEnable: { bits: 2, access: "RW", meaning: "Report fatal errors" }, unsupportedRequestEnable: { bits: 3, access: "RW", meaning: "Report unsupported requests" }, maxPayload: { bits: [7, 5], access: "RW", meaning: "Payload size", unmodelled: true }, initiateFunctionReset: { bits: 15, ...(isEndpoint(portType) ? { access: "RW" as const, readsZero: true as const } : { access: "RO" as const }), meaning: "Starts a function level reset; reads 0" } } },
  deviceStatus: { offset: 0x0a, width: 16, clause: "PCIe 7.5.3.5", meaning: "Device status", fields: { correctable: { bits: 0, access: "RW1C", meaning: "Correctable error seen" }, nonFatal: { bits: 1, access: "RW1C", meaning: "Non-fatal error seen" }, fatal: { bits: 2, access: "RW1C", meaning: "Fatal error seen" }, unsupportedRequest: { bits: 3, access: "RW1C", meaning: "Unsupported request seen" } } },
  linkCapabilities: { offset: 0x0c, width: 32, clause: "PCIe 7.5.3.6", meaning: "Link capabilities", fields: { maxSpeed: { bits: [3, 0], access: "RO", reset: 5, meaning: "5: 32 GT/s" }, maxWidth: { bits: [9, 4], access: "RO", reset: 8, meaning: "Lanes" }, surpriseDownReporting: { bits: 19, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "Surprise Down is reported" }, linkActiveReporting: { bits: 20, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "Data Link Layer Link Active is reported" }, portNumber: { bits: [31, 24], access: "HwInit", key: "portNumber", meaning: "Port number; what target lists name" } } },
  linkControl: { offset: 0x10, width: 16, clause: "PCIe 7.5.3.7", meaning: "Link control", onWrite: "linkControl", fields: { linkDisable: { bits: 4, access: "RW", meaning: "Takes the link down, if unmasked in DVSEC 3" }, retrainLink: { bits: 5, access: "RW", meaning: "Starts training; reads 0" } } },
  linkStatus: { offset: 0x12, width: 16, clause: "PCIe 7.5.3.8", meaning: "Link status", fields: { speed: { bits: [3, 0], access: "RO", meaning: "Current speed" }, width: { bits: [9, 4], access: "RO", meaning: "Current width" }, training: { bits: 11, access: "RO", meaning: "Link training" }, linkActive: { bits: 13, access: "RO", meaning: "Data Link Layer Link Active" }, bandwidthManagement: { bits: 14, access: "RW1C", meaning: "Bandwidth changed" }, autonomousBandwidth: { bits: 15, access: "RW1C", meaning: "Bandwidth changed by itself" } } },
  linkCapabilities2: { offset: 0x2c, width: 32, clause: "PCIe 7.5.3.18", meaning: "Link capabilities 2", fields: { supportedSpeeds: { bits: [7, 1], access: "RO", reset: 0x1f, meaning: "2.5 to 32 GT/s, one bit each" } } },
  linkControl2: { offset: 0x30, width: 16, clause: "PCIe 7.5.3.19", meaning: "Link control 2", fields: { targetSpeed: { bits: [3, 0], access: "RWS", reset: 5, meaning: "Target speed", unmodelled: true } } },
  linkStatus2: { offset: 0x32, width: 16, clause: "PCIe 7.5.3.20", meaning: "Link status 2", fields: { flitMode: { bits: 10, access: "RO", meaning: "The link runs in flit mode (256B flits)" } } },
} as const);

const slotAndRoot = {
  slotCapabilities: {
    offset: 0x14, width: 32, clause: "PCIe 7.5.3.9", meaning: "Slot capabilities",
    fields: {
      attentionButton: { bits: 0, access: "RO", meaning: "Attention button present" },
      powerController: { bits: 1, access: "RO", meaning: "Power controller present" },
      retentionLatchSensor: { bits: 2, access: "RO", meaning: "MRL sensor present" },
      attentionIndicator: { bits: 3, access: "RO", meaning: "Attention indicator present" },
      powerIndicator: { bits: 4, access: "RO", meaning: "Power indicator present" },
      hotPlugSurprise: { bits: 5, access: "RO", meaning: "0 on CXL ports (CXL 9.9)" },
      hotPlug: { bits: 6, access: "HwInit", key: "hotPlug", meaning: "Hot-plug capable" },
      electromechanicalInterlock: { bits: 17, access: "RO", meaning: "Electromechanical interlock present" },
      noCommandCompleted: { bits: 18, access: "RO", reset: 1, meaning: "No command-completed events" },
      slotNumber: { bits: [31, 19], access: "HwInit", key: "slotNumber", meaning: "Physical slot" },
    },
  },
  slotControl: {
    offset: 0x18, width: 16, clause: "PCIe 7.5.3.10", meaning: "Slot control", onWrite: "slotControl",
    fields: {
      attentionButtonEnable: { bits: 0, access: "RW", when: "slotCapabilities.attentionButton", meaning: "Attention button raises the interrupt" },
      powerFaultEnable: { bits: 1, access: "RW", when: "slotCapabilities.powerController", meaning: "Power fault raises the interrupt" },
      retentionLatchEnable: { bits: 2, access: "RW", when: "slotCapabilities.retentionLatchSensor", meaning: "MRL sensor change raises the interrupt" },
      presenceChangedEnable: { bits: 3, access: "RW", meaning: "Presence change raises the interrupt" },
      commandCompletedEnable: { bits: 4, access: "RO", meaning: "RO 0 without command-completed events" },
      hotPlugInterruptEnable: { bits: 5, access: "RW", meaning: "Slot events raise the interrupt" },
      attentionIndicatorControl: { bits: [7, 6], access: "RW", when: "slotCapabilities.attentionIndicator", meaning: "Attention indicator", values: indicatorStates },
      powerIndicatorControl: { bits: [9, 8], access: "RW", when: "slotCapabilities.powerIndicator", meaning: "Power indicator", values: indicatorStates },
      powerControllerControl: { bits: 10, access: "RW", when: "slotCapabilities.powerController", meaning: "1 takes power off the slot" },
      interlockControl: { bits: 11, access: "RW", readsZero: true, when: "slotCapabilities.electromechanicalInterlock", meaning: "1 toggles the interlock" },
      linkStateChangedEnable: { bits: 12, access: "RW", meaning: "Link state change raises the interrupt" },
    },
  },
  slotStatus: {
    offset: 0x1a, width: 16, clause: "PCIe 7.5.3.11", meaning: "Slot status", onWrite: "slotStatus",
    fields: {
      attentionButtonPressed: { bits: 0, access: "RW1C", meaning: "Attention button pressed" },
      powerFault: { bits: 1, access: "RW1C", meaning: "Power fault detected" },
      retentionLatchChanged: { bits: 2, access: "RW1C", meaning: "MRL sensor changed" },
      presenceChanged: { bits: 3, access: "RW1C", meaning: "Presence changed" },
      commandCompleted: { bits: 4, access: "RW1C", meaning: "Command completed" },
      retentionLatchOpen: { bits: 5, access: "RO", meaning: "MRL sensor open" },
      presence: { bits: 6, access: "RO", meaning: "Card present" },
      interlockEngaged: { bits: 7, access: "RO", meaning: "Interlock engaged" },
      linkStateChanged: { bits: 8, access: "RW1C", meaning: "Link state changed" },
    },
  },
  rootControl: { offset: 0x1c, width: 16, clause: "PCIe 7.5.3.12", meaning: "Root control", fields: { systemErrorOnCorrectable: { bits: 0, access: "RW", meaning: "System error", unmodelled: true }, systemErrorOnNonFatal: { bits: 1, access: "RW", meaning: "System error", unmodelled: true }, systemErrorOnFatal: { bits: 2, access: "RW", meaning: "System error", unmodelled: true } } },
} as const satisfies Registers;

const { rootControl, ...slotRegisters } = slotAndRoot;

const pcie = (portType: number) => ({
  name: "pcie", clause: "PCIe 7.5.3", length: 0x3c, identity: { list: "capability", id: 0x10 }, widths: [1, 2, 4],
  registers: {
    ...pcieCommon(portType),
    ...(isDownstream(portType) ? slotRegisters : unimplemented(slotRegisters)),
    ...(portType === 4 ? { rootControl } : unimplemented({ rootControl })),
  },
} as const satisfies StructureDeclaration);

export const pcieEndpoint = pcie(0);
export const pcieRootPort = pcie(4);
export const pcieUpstreamPort = pcie(5);
export const pcieDownstreamPort = pcie(6);

export const msi = {
  name: "msi", clause: "PCIe 7.7.1", length: 0x10, identity: { list: "capability", id: 0x05 }, widths: [1, 2, 4],
  registers: {
    header: capabilityHeader,
    control: { offset: 0x02, width: 16, clause: "PCIe 7.7.1.2", meaning: "Message control", onWrite: "msi", fields: { enable: { bits: 0, access: "RW", meaning: "MSI enable" }, multipleCapable: { bits: [3, 1], access: "RO", reset: 5, meaning: "32 messages" }, multipleEnable: { bits: [6, 4], access: "RW", meaning: "2^n messages granted" }, is64Bit: { bits: 7, access: "RO", reset: 1, meaning: "64-bit address" } } },
    addressLow: { offset: 0x04, width: 32, clause: "PCIe 7.7.1.3", meaning: "Message address", fields: { value: { bits: [31, 2], access: "RW", meaning: "Address bits 31:2" } } },
    addressHigh: { offset: 0x08, width: 32, clause: "PCIe 7.7.1.4", meaning: "Message address", fields: { value: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    data: { offset: 0x0c, width: 16, clause: "PCIe 7.7.1.5", meaning: "Message data of message 0", fields: { value: { bits: [15, 0], access: "RW", meaning: "Data" } } },
  },
} as const satisfies StructureDeclaration;

export const extendedHeader = { offset: 0x00, width: 32, clause: "PCIe 7.6.3", meaning: "Extended capability header (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "Capability id" }, version: { bits: [19, 16], access: "RO", meaning: "Version" }, next: { bits: [31, 20], access: "RO", meaning: "Next capability" } } } as const;

const uncorrectableErrors = { dataLinkProtocol: 4, surpriseDown: 5, poisonedTlp: 12, flowControl: 13, completionTimeout: 14, completerAbort: 15, unexpectedCompletion: 16, receiverOverflow: 17, malformedTlp: 18, ecrc: 19, unsupportedRequest: 20, acsViolation: 21, uncorrectableInternal: 22, multicastBlocked: 23, atomicOperationBlocked: 24, tlpPrefixBlocked: 25, poisonedTlpEgressBlocked: 26 } as const;
const correctableErrors = { receiver: 0, badTlp: 6, badDllp: 7, replayRollover: 8, replayTimeout: 12, advisoryNonFatal: 13, correctedInternal: 14, headerLogOverflow: 15 } as const;

const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** One field per error bit; `set` lists the bits that reset to 1. */
function errorBits<T extends Readonly<Record<string, number>>>(bits: T, what: string, access: "RW1CS" | "RWS", set: readonly number[]): { readonly [K in keyof T]: FieldDeclaration } {
  return Object.fromEntries(Object.entries(bits).map(([name, bit]) => [name, { bits: bit, access, reset: set.includes(bit) ? 1 : 0, meaning: `${what} of ${words(name)}` }])) as { readonly [K in keyof T]: FieldDeclaration };
}

const aerCommon = {
  header: extendedHeader,
  uncorrectableStatus: { offset: 0x04, width: 32, clause: "PCIe 7.8.4.2", meaning: "Uncorrectable errors", onWrite: "uncorrectableErrorStatus", fields: errorBits(uncorrectableErrors, "Status", "RW1CS", []) },
  uncorrectableMask: { offset: 0x08, width: 32, clause: "PCIe 7.8.4.3", meaning: "1 masks", fields: errorBits(uncorrectableErrors, "Mask", "RWS", [22]) },
  uncorrectableSeverity: { offset: 0x0c, width: 32, clause: "PCIe 7.8.4.4", meaning: "1 fatal", fields: errorBits(uncorrectableErrors, "Severity", "RWS", [4, 5, 13, 17, 18, 22]) },
  correctableStatus: { offset: 0x10, width: 32, clause: "PCIe 7.8.4.5", meaning: "Correctable errors", onWrite: "correctableErrorStatus", fields: errorBits(correctableErrors, "Status", "RW1CS", []) },
  correctableMask: { offset: 0x14, width: 32, clause: "PCIe 7.8.4.6", meaning: "1 masks", fields: errorBits(correctableErrors, "Mask", "RWS", [13, 14, 15]) },
  control: { offset: 0x18, width: 32, clause: "PCIe 7.8.4.7", meaning: "Capabilities and control", fields: { firstErrorPointer: { bits: [4, 0], access: "ROS", meaning: "First error" } } },
  headerLog: { offset: 0x1c, width: 32, clause: "PCIe 7.8.4.8", meaning: "Header log", repeat: { count: 4, stride: 4 }, fields: { dword: { bits: [31, 0], access: "ROS", meaning: "Header dword" } } },
} as const;

const rootErrors = {
  rootErrorCommand: { offset: 0x2c, width: 32, clause: "PCIe 7.8.4.9", meaning: "Interrupt on received messages", fields: { correctableEnable: { bits: 0, access: "RW", meaning: "ERR_COR" }, nonFatalEnable: { bits: 1, access: "RW", meaning: "ERR_NONFATAL" }, fatalEnable: { bits: 2, access: "RW", meaning: "ERR_FATAL" } } },
  rootErrorStatus: { offset: 0x30, width: 32, clause: "PCIe 7.8.4.10", meaning: "Messages received", onWrite: "rootErrorStatus", fields: { correctableReceived: { bits: 0, access: "RW1CS", meaning: "ERR_COR" }, multipleCorrectable: { bits: 1, access: "RW1CS", meaning: "More than one" }, uncorrectableReceived: { bits: 2, access: "RW1CS", meaning: "ERR_FATAL or ERR_NONFATAL" }, multipleUncorrectable: { bits: 3, access: "RW1CS", meaning: "More than one" }, firstFatal: { bits: 4, access: "RW1CS", meaning: "First uncorrectable was fatal" }, nonFatalReceived: { bits: 5, access: "RW1CS", meaning: "ERR_NONFATAL" }, fatalReceived: { bits: 6, access: "RW1CS", meaning: "ERR_FATAL" }, interruptMessage: { bits: [31, 27], access: "RO", reset: messageNumbers.aer, meaning: "Message number" } } },
  errorSource: { offset: 0x34, width: 32, clause: "PCIe 7.8.4.11", meaning: "Who sent the first message", fields: { correctable: { bits: [15, 0], access: "ROS", meaning: "Requester id of ERR_COR" }, uncorrectable: { bits: [31, 16], access: "ROS", meaning: "Requester id of ERR_FATAL or ERR_NONFATAL" } } },
} as const satisfies Registers;

const aer = (isRoot: boolean) => ({
  name: "aer", clause: "PCIe 7.8.4", length: 0x38, identity: { list: "extended", id: 0x0001, version: 2 }, widths: [1, 2, 4],
  registers: { ...aerCommon, ...(isRoot ? rootErrors : unimplemented(rootErrors)) },
} as const satisfies StructureDeclaration);

/** Devices and the ports of switches have no root registers. */
export const aerEndpoint = aer(false);
export const aerRootPort = aer(true);

export const serialNumber = {
  name: "serialNumber", clause: "PCIe 7.9.3", length: 0x0c, identity: { list: "extended", id: 0x0003, version: 1 }, widths: [1, 2, 4],
  registers: {
    header: extendedHeader,
    low: { offset: 0x04, width: 32, clause: "PCIe 7.9.3.2", meaning: "Serial number", fields: { value: { bits: [31, 0], access: "HwInit", key: "serialLow", meaning: "Bits 31:0" } } },
    high: { offset: 0x08, width: 32, clause: "PCIe 7.9.3.2", meaning: "Serial number", fields: { value: { bits: [31, 0], access: "HwInit", key: "serialHigh", meaning: "Bits 63:32" } } },
  },
} as const satisfies StructureDeclaration;
