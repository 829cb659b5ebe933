// PCI Express capability (PCIe 7.5.3): every kind of function shows all registers; those it does not implement read 0.

import { capabilityHeader, unimplemented } from "./capability-headers.ts";
import type { Registers } from "./capability-headers.ts";
import { messageNumbers } from "./constants.ts";
import type { StructureDeclaration } from "./schema.ts";

const indicatorStates = { 1: "on", 2: "blinking", 3: "off" } as const;

/** Codes of link speeds: million transfers a second on each lane, and how many of `coded` bits are data. */
export const linkSpeeds = {
  1: { name: "2.5 GT/s", rate: 2500, data: 8, coded: 10 }, 2: { name: "5 GT/s", rate: 5000, data: 8, coded: 10 }, 3: { name: "8 GT/s", rate: 8000, data: 128, coded: 130 },
  4: { name: "16 GT/s", rate: 16_000, data: 128, coded: 130 }, 5: { name: "32 GT/s", rate: 32_000, data: 128, coded: 130 }, 6: { name: "64 GT/s", rate: 64_000, data: 1, coded: 1 },
} as const;
const speedNames = { 1: linkSpeeds[1].name, 2: linkSpeeds[2].name, 3: linkSpeeds[3].name, 4: linkSpeeds[4].name, 5: linkSpeeds[5].name, 6: linkSpeeds[6].name } as const;

const isEndpoint = (portType: number): boolean => portType === 0;
const isDownstream = (portType: number): boolean => portType === 4 || portType === 6;

const pcieCommon = (portType: number) => ({
  header: capabilityHeader,
  flags: { offset: 0x02, width: 16, clause: "PCIe 7.5.3.2", meaning: "PCIe capabilities", fields: { version: { bits: [3, 0], access: "RO", reset: 2, meaning: "Capability version" }, portType: { bits: [7, 4], access: "RO", reset: portType, meaning: "Device or port type", values: { 0: "endpoint", 4: "root port", 5: "upstream", 6: "downstream" } }, slotImplemented: { bits: 8, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "A slot is behind the port" }, interruptMessage: { bits: [13, 9], access: "RO", reset: isDownstream(portType) ? messageNumbers.slot : 0, meaning: "Message of slot events" } } },
  deviceCapabilities: { offset: 0x04, width: 32, clause: "PCIe 7.5.3.3", meaning: "Device capabilities", fields: { maxPayload: { bits: [2, 0], access: "RO", reset: 1, meaning: "256 bytes" }, roleBasedErrors: { bits: 15, access: "RO", reset: 1, meaning: "Role-based error reporting" }, functionLevelReset: { bits: 28, access: "RO", reset: isEndpoint(portType) ? 1 : 0, meaning: "Function level reset" } } },
  deviceControl: { offset: 0x08, width: 16, clause: "PCIe 7.5.3.4", meaning: "Device control", onWrite: "functionControl", fields: { correctableEnable: { bits: 0, access: "RW", meaning: "Report correctable errors" }, nonFatalEnable: { bits: 1, access: "RW", meaning: "Report non-fatal errors" }, fatalEnable: { bits: 2, access: "RW", meaning: "Report fatal errors" }, unsupportedRequestEnable: { bits: 3, access: "RW", meaning: "Report unsupported requests" }, maxPayload: { bits: [7, 5], access: "RW", meaning: "Payload size", unmodelled: true }, initiateFunctionReset: { bits: 15, ...(isEndpoint(portType) ? { access: "RW" as const, readsZero: true as const } : { access: "RO" as const }), meaning: "Starts a function level reset; reads 0" } } },
  deviceStatus: { offset: 0x0a, width: 16, clause: "PCIe 7.5.3.5", meaning: "Device status", fields: { correctable: { bits: 0, access: "RW1C", meaning: "Correctable error seen" }, nonFatal: { bits: 1, access: "RW1C", meaning: "Non-fatal error seen" }, fatal: { bits: 2, access: "RW1C", meaning: "Fatal error seen" }, unsupportedRequest: { bits: 3, access: "RW1C", meaning: "Unsupported request seen" } } },
  linkCapabilities: { offset: 0x0c, width: 32, clause: "PCIe 7.5.3.6", meaning: "Link capabilities", fields: { maxSpeed: { bits: [3, 0], access: "HwInit", key: "linkSpeed", meaning: "Highest speed", values: speedNames }, maxWidth: { bits: [9, 4], access: "HwInit", key: "linkWidth", meaning: "Lanes" }, surpriseDownReporting: { bits: 19, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "Surprise Down is reported" }, linkActiveReporting: { bits: 20, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "Data Link Layer Link Active is reported" }, bandwidthNotification: { bits: 21, access: "RO", reset: isDownstream(portType) ? 1 : 0, meaning: "Changes of speed and width are reported" }, portNumber: { bits: [31, 24], access: "HwInit", key: "portNumber", meaning: "Port number; what target lists name" } } },
  linkControl: { offset: 0x10, width: 16, clause: "PCIe 7.5.3.7", meaning: "Link control", onWrite: "linkControl", fields: { linkDisable: { bits: 4, access: isDownstream(portType) ? "RW" : "RO", meaning: "Takes the link down, if unmasked in DVSEC 3" }, retrainLink: { bits: 5, ...(isDownstream(portType) ? { access: "RW" as const, readsZero: true as const } : { access: "RO" as const }), meaning: "Starts training; reads 0" }, bandwidthManagementEnable: { bits: 10, access: isDownstream(portType) ? "RW" : "RO", meaning: "bandwidthManagement raises the interrupt" }, autonomousBandwidthEnable: { bits: 11, access: isDownstream(portType) ? "RW" : "RO", meaning: "autonomousBandwidth raises the interrupt" } } },
  linkStatus: { offset: 0x12, width: 16, clause: "PCIe 7.5.3.8", meaning: "Link status", fields: { speed: { bits: [3, 0], access: "RO", meaning: "Current speed", values: speedNames }, width: { bits: [9, 4], access: "RO", meaning: "Current width" }, training: { bits: 11, access: "RO", meaning: "Link training" }, linkActive: { bits: 13, access: "RO", meaning: "Data Link Layer Link Active" }, bandwidthManagement: { bits: 14, access: isDownstream(portType) ? "RW1C" : "RO", meaning: "Retraining that was asked for has ended" }, autonomousBandwidth: { bits: 15, access: isDownstream(portType) ? "RW1C" : "RO", meaning: "Bandwidth changed by itself: never here" } } },
  linkCapabilities2: { offset: 0x2c, width: 32, clause: "PCIe 7.5.3.18", meaning: "Link capabilities 2", fields: { supportedSpeeds: { bits: [7, 1], access: "HwInit", key: "linkSpeeds", meaning: "2.5 to 32 GT/s, one bit each" } } },
  linkControl2: { offset: 0x30, width: 16, clause: "PCIe 7.5.3.19", meaning: "Link control 2", fields: { targetSpeed: { bits: [3, 0], access: "RWS", reset: 5, meaning: "Target speed", unmodelled: true } } },
  linkStatus2: { offset: 0x32, width: 16, clause: "PCIe 7.5.3.20", meaning: "Link status 2", fields: { flitMode: { bits: 10, access: "RO", meaning: "The link runs in flit mode (256B flits)" } } },
} as const);

const slotAndRoot = {
  slotCapabilities: {
    offset: 0x14, width: 32, clause: "PCIe 7.5.3.9", meaning: "Slot capabilities",
    fields: {
      attentionButton: { bits: 0, access: "RO", meaning: "Attention button present" },
      powerController: { bits: 1, access: "HwInit", key: "hasPowerController", meaning: "Power controller present" },
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
