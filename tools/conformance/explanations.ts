// Every difference between a capture and this model that has a reason: one reviewed rule each, for one field and, where they can be stated, for
// exactly these values; or for one structure that only the other machine has. What the specification asks for and the model lacks is no
// explanation: it stands in `findings.ts`.

import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { link, ras } from "../../registers/ras-link.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import type { CaptureKind } from "./capture.ts";
import { commandExplanations } from "./explanations-commands.ts";
import { deviceExplanations } from "./explanations-device.ts";
import type { Explanation, Extra, Row, RuleKind } from "./rule.ts";
import { rules } from "./rule.ts";
import type { FunctionKind } from "./topology.ts";

export type { Expected, Explanation } from "./rule.ts";

const config: readonly CaptureKind[] = ["config", "masks", "accesses"];
const component: readonly CaptureKind[] = ["component", "masks", "accesses", "decoders"];

const theyHave = [[1, 0]] as const;
const weHave = [[0, 1]] as const;
const oursIsZero = (theirs: number, ours: number): boolean => theirs !== 0 && ours === 0;
const anyToZero: Extra = { states: "any / 0x0" };
const ports: readonly FunctionKind[] = ["rp", "usp", "dsp"];
const slots: readonly FunctionKind[] = ["rp", "dsp"];
const switches: readonly FunctionKind[] = ["usp", "dsp"];
const devices: readonly FunctionKind[] = ["type3"];
const hostBridges: readonly FunctionKind[] = ["hb"];

const headers = rules(config, [
  ["vendor id of a bridge", ports, "bridgeHeader.vendorId.value", [[0x8086, 0x1e98], [0x19e5, 0x1e98]], "PCIe 7.5.1.1.1", "Whose function it is; ours carries the consortium's id."],
  ["vendor id of a device", devices, "endpointHeader.vendorId.value", [[0x8086, 0x1e98]], "PCIe 7.5.1.1.1", "Whose function it is; ours carries the consortium's id."],
  ["device id of a bridge", ports, "bridgeHeader.deviceId.value", [[0x7075, 0x0c01], [0xa128, 0x0c04], [0xa129, 0x0c05]], "PCIe 7.5.1.1.2", "Which function of its vendor it is."],
  ["device id of a device", devices, "endpointHeader.deviceId.value", [[0x0d93, 0x0c03]], "PCIe 7.5.1.1.2", "Which function of its vendor it is."],
  ["revision of a bridge", ports, "bridgeHeader.revisionId.value", weHave, "PCIe 7.5.1.1.5", "Revision of the function; ours is 1."],
  ["subsystem id", devices, "endpointHeader.subsystemId.value", [[0x1100_1af4, 0x0001_1e98], [0x1af4, 0x1e98], [0x1100_0000, 0x0001_0000]], "PCIe 7.5.1.2.3", "Whose board it is (whole, and its two halves read alone)."],
  ["multi-function upstream port", ["usp"], "bridgeHeader.headerType.multiFunction", theyHave, "PCIe 7.5.1.1.9", "multifunction=on of the command line announces more functions; there are none."],
  ["prefetchable registers of a bridge", ports, "bridgeHeader.bar0.prefetchable", weHave, "PCIe 7.5.1.2.1", "Register blocks may lie in prefetchable space when reads have no side effects; ours do."],
  ["prefetchable registers of a device", devices, "endpointHeader.bar0.prefetchable", weHave, "PCIe 7.5.1.2.1", "Register blocks may lie in prefetchable space when reads have no side effects; ours do."],
  ["size of BAR 0", devices, "endpointHeader.bar0.address31to16", [[0xffff, 0xfffc]], "PCIe 7.5.1.2.1", "Sizing shows 256 KiB here, where one BAR holds all blocks, and 64 KiB there, where it holds the component block."],
  ["BAR 2", devices, "endpointHeader.bar2.value", oursIsZero, "CXL 8.1.9.1", "Theirs has the device block in a BAR of its own.", anyToZero],
  ["upper half of BAR 2", devices, "endpointHeader.bar3.value", oursIsZero, "CXL 8.1.9.1", "Theirs has the device block in a 64-bit BAR of its own.", anyToZero],
  ["BAR 4", devices, "endpointHeader.bar4.value", oursIsZero, "PCIe 7.7.2.3", "Theirs has the MSI-X table in a BAR of its own.", anyToZero],
  ["I/O space of a device", devices, "endpointHeader.command.ioSpaceEnable", theyHave, "PCIe 7.5.1.1.3", "Hardwired to 0 in a function without I/O BARs, which neither has; the driver's write stays there."],
  ["I/O window base", ports, "bridgeHeader.ioBase.value", oursIsZero, "PCIe 7.5.1.3.6", "Bridges of ours forward no I/O: base and limit read 0, as the clause allows.", anyToZero],
  ["I/O window limit", ports, "bridgeHeader.ioLimit.value", oursIsZero, "PCIe 7.5.1.3.6", "Bridges of ours forward no I/O: base and limit read 0, as the clause allows.", { ...anyToZero, documentedOnly: true }],
  ["memory window after reset", ports, "bridgeHeader.memoryBase.address31to20", [[0xfff, 0x000]], "PCIe 7.5.1.3.8", "Base and limit have no reset value in the clause; theirs starts closed, ours at 0 with memory space off."],
  ["prefetchable window after reset", ports, "bridgeHeader.prefetchableBase.address31to20", [[0xfff, 0x000], [0xfff, 0x00f]], "PCIe 7.5.1.3.9", "Base and limit have no reset value in the clause; theirs starts closed, ours at 0 (0x00f: after a write of the low byte alone)."],
  ["INTx pin of a bridge", ports, "bridgeHeader.interruptPin.value", theyHave, "PCIe 7.5.1.1.13", "Ours has no INTx; messages only."],
]);

const link7 = "PCIe 7.5.3.6";
const slotCapabilities = "PCIe 7.5.3.9";
const slotControl = "PCIe 7.5.3.10";
const furniture = "Furniture of a slot; ours has none.";
const pciExpress = rules(config, [
  ["payload size", "any", "pcie.deviceCapabilities.maxPayload", weHave, "PCIe 7.5.3.3", "Ours takes 256 bytes, theirs 128."],
  ["extended tags", "any", "pcie.deviceCapabilities.extendedTag", theyHave, "PCIe 7.5.3.3", "Larger tags are optional and have no counterpart in the model."],
  ["function level reset of a device", devices, "pcie.deviceCapabilities.functionLevelReset", weHave, "PCIe 6.6.2", "Optional; ours has it."],
  ["function level reset of a switch", switches, "pcie.deviceCapabilities.functionLevelReset", theyHave, "PCIe 7.5.3.3", "For endpoints only: the bit must be 0 in bridges."],
  ["ARI forwarding", slots, "pcie.deviceCapabilities2.ariForwarding", theyHave, "PCIe 7.5.3.15", "Optional; no function here has a number above 7."],
  ["extended format field", "any", "pcie.deviceCapabilities2.extendedFormat", theyHave, "PCIe 7.5.3.15", "Comes with TLP prefixes, which have no counterpart in the model."],
  ["end-to-end TLP prefixes", "any", "pcie.deviceCapabilities2.endToEndPrefix", theyHave, "PCIe 7.5.3.15", "Optional; no counterpart in the model."],
  ["link speed", slots, "pcie.linkCapabilities.maxSpeed", [[6, 5]], link7, "Their ports can 64 GT/s, ours 32; the links of both run at 32."],
  ["link width of a port", ["rp"], "pcie.linkCapabilities.maxWidth", [[0x20, 8]], link7, "Ours has 8 lanes."],
  ["link width of a card", ["usp", "dsp", "type3"], "pcie.linkCapabilities.maxWidth", [[0x10, 8]], link7, "Ours has 8 lanes."],
  ["link width negotiated", "any", "pcie.linkStatus.width", [[0x10, 8]], "PCIe 7.5.3.8", "Ours trained 8 lanes."],
  ["target speed", slots, "pcie.linkControl2.targetSpeed", [[6, 5]], "PCIe 7.5.3.19", "Resets to the highest speed of the port."],
  ["supported speeds", slots, "pcie.linkCapabilities2.supportedSpeeds", [[0x3f, 0x1f]], "PCIe 7.5.3.18", "Up to the highest speed of the port."],
  ["Surprise Down reporting", slots, "pcie.linkCapabilities.surpriseDownReporting", weHave, link7, "Optional; ours reports Surprise Down, theirs cannot lose a link."],
  ["ASPM", "any", "pcie.linkCapabilities.aspm", theyHave, link7, "Power states of a link are optional and have no counterpart in the model."],
  ["bandwidth management enable", slots, "pcie.linkControl.bandwidthManagementEnable", weHave, "PCIe 7.5.3.7", "Read-write where Link Bandwidth Notification is reported, which both do; theirs does not keep the driver's 1."],
  ["autonomous bandwidth enable", slots, "pcie.linkControl.autonomousBandwidthEnable", weHave, "PCIe 7.5.3.7", "Read-write where Link Bandwidth Notification is reported, which both do; theirs does not keep the driver's 1."],
  ["bandwidth management status", slots, "pcie.linkStatus.bandwidthManagement", weHave, "PCIe 7.5.3.8", "The driver wrote Retrain Link: set when the retraining ends; theirs has no link to retrain."],
  ["attention button", slots, "pcie.slotCapabilities.attentionButton", theyHave, slotCapabilities, furniture],
  ["power controller", slots, "pcie.slotCapabilities.powerController", theyHave, slotCapabilities, furniture],
  ["attention indicator", slots, "pcie.slotCapabilities.attentionIndicator", theyHave, slotCapabilities, furniture],
  ["power indicator", slots, "pcie.slotCapabilities.powerIndicator", theyHave, slotCapabilities, furniture],
  ["electromechanical interlock", slots, "pcie.slotCapabilities.electromechanicalInterlock", theyHave, slotCapabilities, furniture],
  ["hot-plug surprise", slots, "pcie.slotCapabilities.hotPlugSurprise", theyHave, "CXL 9.9", "0 on CXL downstream ports: surprise removal is not supported."],
  ["command completed", slots, "pcie.slotCapabilities.noCommandCompleted", weHave, slotCapabilities, "Slot commands of ours end at once and send no event."],
  ["slot number", slots, "pcie.slotCapabilities.slotNumber", "any", slotCapabilities, "The platform numbers its slots: theirs as the command line says, ours in order of declaration."],
  ["attention indicator control", slots, "pcie.slotControl.attentionIndicatorControl", oursIsZero, slotControl, "Read only 0 without the indicator.", anyToZero],
  ["power indicator control", slots, "pcie.slotControl.powerIndicatorControl", oursIsZero, slotControl, "Read only 0 without the indicator.", anyToZero],
  ["power controller control", slots, "pcie.slotControl.powerControllerControl", theyHave, slotControl, "Read only 0 without the controller.", { documentedOnly: true }],
  ["attention button enable", slots, "pcie.slotControl.attentionButtonEnable", theyHave, slotControl, "Read only 0 without the button."],
  ["command completed enable", slots, "pcie.slotControl.commandCompletedEnable", theyHave, slotControl, "Read only 0 without command-completed events."],
  ["link state changed enable", slots, "pcie.slotControl.linkStateChangedEnable", weHave, slotControl, "Read-write where Data Link Layer Link Active is reported, which both do; theirs does not keep the driver's 1."],
  ["command completed event", slots, "pcie.slotStatus.commandCompleted", theyHave, "PCIe 7.5.3.11", "No such events with No Command Completed Support."],
]);

const capabilities = rules(config, [
  ["number of MSI messages", slots, "msi.control.multipleCapable", [[0, 5], [1, 5]], "PCIe 7.7.1.2", "Ours offers 32, so that isolation, AER and containment have their own."],
  ["64-bit MSI", ["rp"], "msi.control.is64Bit", weHave, "PCIe 7.7.1.2", "A PCIe function that sends MSI has 64-bit addresses."],
  ["masking of MSI", slots, "msi.control.perVectorMasking", theyHave, "PCIe 7.7.1.2", "Per-vector masking is optional; ours has none."],
  ["BAR of the MSI-X table", devices, "msix.table.barIndex", [[4, 0]], "PCIe 7.7.2.3", "Where the table lies is the implementation's."],
  ["offset of the MSI-X table", devices, "msix.table.offset31to3", [[0, 0x2000]], "PCIe 7.7.2.3", "Where the table lies is the implementation's: at 64 KiB of BAR 0 here."],
  ["BAR of the pending bits", devices, "msix.pending.barIndex", [[4, 0]], "PCIe 7.7.2.4", "Where the pending bits lie is the implementation's."],
  ["offset of the pending bits", devices, "msix.pending.offset31to3", [[0x100, 0x2040]], "PCIe 7.7.2.4", "Where the pending bits lie is the implementation's: behind the table here."],
  ["mask of TLP prefix errors", "any", "aer.uncorrectableMask.tlpPrefixBlocked", theyHave, "PCIe 7.8.4.3", "Resets to 0; theirs masks blocked TLP prefixes from the start."],
  ["ECRC generation", "any", "aer.control.ecrcGenerationCapable", theyHave, "PCIe 7.8.4.7", "End-to-end CRC is optional; no counterpart in the model."],
  ["ECRC checking", "any", "aer.control.ecrcCheckCapable", theyHave, "PCIe 7.8.4.7", "End-to-end CRC is optional; no counterpart in the model."],
  ["multiple headers of AER", ports, "aer.control.multipleHeaderCapable", theyHave, "PCIe 7.8.4.7", "More than one recorded header is optional in AER."],
  ["interrupt support of a switch's data object exchange", ["usp"], "doe.capability.interruptSupport", theyHave, "PCIe 7.9.24.2", "Optional; upstream ports of ours send no messages."],
  ["message of a switch's data object exchange", ["usp"], "doe.capability.interruptMessage", theyHave, "PCIe 7.9.24.2", "Without interrupt support there is no message number."],
]);

const dvsecs = rules(config, [
  ["range count", devices, "dvsecDevice.capability.rangeCount", [[1, 2]], "CXL 8.1.3.1", "Both ranges of a mixed device are in use; theirs says 1 and fills both."],
  ["CXL reset complete", devices, "dvsecDevice.status2.resetComplete", theyHave, "CXL 8.1.3.5", "Set by the end of a CXL reset; none has run."],
  ["media type of an empty range", devices, "dvsecDevice.range2SizeLow.mediaType", [[0, 2]], "CXL 8.1.3.8.6", "A second range need not be implemented with HDM_Count 1; ours is, with size 0, and says as every range does that the CDAT describes it."],
  ["memory class of an empty range", devices, "dvsecDevice.range2SizeLow.memoryClass", [[0, 2]], "CXL 8.1.3.8.6", "A second range need not be implemented with HDM_Count 1; ours is, with size 0, and says as every range does that the CDAT describes it."],
  ["PM initialisation of a port", slots, "dvsecPort.status.powerManagementInitComplete", weHave, "CXL 8.1.5.1", "Complete within 100 ms of link-up; theirs never sets it."],
  ["GPF phase 1 timeout", slots, "dvsecGpfPort.phase1.base", theyHave, "CXL 8.1.6.1", "The clause gives no reset value; software sets it before use."],
  ["GPF phase 2 timeout", slots, "dvsecGpfPort.phase2.base", theyHave, "CXL 8.1.6.2", "The clause gives no reset value; software sets it before use."],
  ["flex bus: CXL.mem enabled in a device", devices, "dvsecFlexBus.control.memory", weHave, "CXL 8.2.1.3.2", "HwInit in a device: the link trains with CXL.mem, as the status of both says."],
  ["flex bus: VH enabled in a device", devices, "dvsecFlexBus.control.flit68AndVh", weHave, "CXL 8.2.1.3.2", "HwInit in a device: the link trains as VH, as the status of both says."],
  ["flex bus: CXL.cache of a switch", switches, "dvsecFlexBus.capability.cache", theyHave, "CXL 8.2.1.3.1", "Optional; switches of ours carry no CXL.cache."],
  ["flex bus: CXL.cache enabled in a switch", ["usp"], "dvsecFlexBus.control.cache", theyHave, "CXL 8.2.1.3.2", "Without the capability it is not enabled."],
  ["flex bus: flits of the link", slots, "dvsecFlexBus.status.flit68AndVh", weHave, "CXL 8.2.1.3.3", "Links of ours train as VH with 68B flits; root and downstream ports of theirs say 256B flits."],
  ["flex bus: training data", "any", "dvsecFlexBus.receivedTrainingData.value", [[0xef, 0]], "CXL 8.2.1.3.4", "What was received while Modified TS Received (32.0 GT/s Status) is set; neither has that capability, and theirs is a constant."],
  ["register locator length of a port", ports, "dvsecLocatorPort.header1.length", [[0x24, 0x14]], "CXL 8.1.9", "0x0C and 8 bytes a register block; theirs is longer than its blocks."],
  ["register locator length of a device", devices, "dvsecLocatorDevice.header1.length", [[0x24, 0x1c]], "CXL 8.1.9", "0x0C and 8 bytes a register block; theirs is longer than its blocks."],
  ["BAR of the device block", devices, "dvsecLocatorDevice.entry1Low.barIndex", [[2, 0]], "CXL 8.1.9.1", "Where a block lies is the implementation's: all in BAR 0 here."],
  ["offset of the device block", devices, "dvsecLocatorDevice.entry1Low.offset31to16", [[0, 2]], "CXL 8.1.9.1", "Where a block lies is the implementation's: at 128 KiB of BAR 0 here."],
]);

const refused: Extra = { circumstance: "commit refused" };
const registers = rules(component, [
  ["poison enabled", "any", "ras.control.poisonEnabled", weHave, "CXL 8.2.4.17.6", "Resets to 1, and is hardwired so in switch ports and devices."],
  ["first error pointer once cleared", "any", "ras.control.firstErrorPointer", (theirs) => theirs === 0x3f, "CXL 8.2.4.17.6", "Invalid without a recorded error; theirs marks that with 0x3f.", { states: "0x3f / any", documentedOnly: true }],
  ["targets of a device's decoders", devices, "hdmDecoderDevice.capability.targetCount", theyHave, "CXL 8.2.4.20.1", "Of ports and host bridges only; theirs is a constant."],
  ["poison on decode error of ports", ["hb", "usp"], "hdmDecoderPort.globalControl.poisonOnDecodeErrorEnable", theyHave, "CXL 8.2.4.20.2", "Read only 0 where capability bit 10 is 0."],
  ["poison on decode error of devices", devices, "hdmDecoderDevice.globalControl.poisonOnDecodeErrorEnable", theyHave, "CXL 8.2.4.20.2", "Read only 0 where capability bit 10 is 0."],
  ["HDM Decoder Enable of ports", ["hb", "usp"], "hdmDecoderPort.globalControl.decoderEnable", theyHave, "CXL 8.2.4.20.2", "Of devices only: ports and host bridges always use their decoders, and return 0."],
  ["committed port decoder", ["hb", "usp"], "hdmDecoderPort.control.committed", theyHave, "CXL 8.2.4.20.12 (C2, C11)", "What was programmed breaks a commit rule; QEMU commits whatever is asked.", refused],
  ["committed device decoder", devices, "hdmDecoderDevice.control.committed", theyHave, "CXL 8.2.4.20.12 (C2, C11)", "What was programmed breaks a commit rule; QEMU commits whatever is asked.", refused],
  ["refused port decoder", ["hb", "usp"], "hdmDecoderPort.control.errorNotCommitted", weHave, "CXL 8.2.4.20.12 (C2, C11)", "What was programmed breaks a commit rule; QEMU never says so.", refused],
  ["refused device decoder", devices, "hdmDecoderDevice.control.errorNotCommitted", weHave, "CXL 8.2.4.20.12 (C2, C11)", "What was programmed breaks a commit rule; QEMU never says so.", refused],
  ["BI of port decoders", ["hb", "usp"], "hdmDecoderPort.control.backInvalidate", weHave, "CXL 8.2.4.20.7", "Kept where the component is back-invalidate capable; QEMU never stores it.", { documentedOnly: true }],
  ["BI of device decoders", devices, "hdmDecoderDevice.control.backInvalidate", weHave, "CXL 8.2.4.20.7", "Kept where the device is back-invalidate capable; QEMU never stores it.", { documentedOnly: true }],
  ["version of port decoders", ["hb", "usp"], "hdmDecoderPort.list.version", [[1, 3]], "CXL 8.2.4.5", "3 in this version of the specification; theirs says 1."],
  ["version of device decoders", devices, "hdmDecoderDevice.list.version", [[1, 3]], "CXL 8.2.4.5", "3 in this version of the specification; theirs says 1 and has the ways of version 2."],
  ["version of Extended Security", hostBridges, "extendedSecurity.list.version", [[1, 2]], "CXL 8.2.4.6", "2 in this version of the specification; theirs says 1."],
  ["root ports of Extended Security", hostBridges, "extendedSecurity.entryCount.rootPortCount", (theirs, ours) => theirs === 0 && ours > 0, "CXL 8.2.4.21", "One entry for each root port; theirs is empty.", { states: "0x0 / root ports" }],
  ["trust of Extended Security", hostBridges, "extendedSecurity.policy.trustLevel", [[0, 2], [0, 3], [0, 1]], "CXL 8.2.4.21", "One entry for each root port, kept as written; theirs is empty."],
  ["port numbers of Extended Security", hostBridges, "extendedSecurity.rootPortId.portNumber", (theirs, ours) => theirs === 0 && ours > 0, "CXL 8.2.4.21", "One entry for each root port; theirs is empty.", { states: "0x0 / port number" }],
  ["BI decoder commit of a root port", ["rp"], "biDecoder.control.commit", theyHave, "CXL 8.2.4.27.2", "Reserved where no explicit commit is required, as on root ports."],
]);

const errorFields = (register: StructureDeclaration["registers"][string] | undefined): readonly string[] => Object.keys(register?.fields ?? {});

/** RAS status bits of ports: what ones leave behind. */
function rasStatus(structure: StructureDeclaration): Explanation[] {
  return ["uncorrectableStatus", "correctableStatus"].flatMap((register) => rules(["masks"], errorFields(structure.registers[register]).map((field): Row => [`RAS ${register} ${field} of a port`, ports, `ras.${register}.${field}`, theyHave, "CXL 8.2.4.17", "Write-1-to-clear and clear here; theirs is plain storage in ports."])));
}

const lockable = (structure: StructureDeclaration): readonly string[] => Object.entries(structure.registers).flatMap(([register, { fields }]) => Object.entries(fields).filter(([, { access }]) => access === "RWL").map(([field]) => `${structure.name}.${register}.${field}`));

/** Every field that a committed, locked decoder keeps. */
const locked = [hdmDecoderPort, hdmDecoderDevice].flatMap((structure) =>
  rules(component, [...lockable(structure), `${structure.name}.control.committed`].map((field): Row => [`locked ${field}`, "any", field, "any", "CXL 8.2.4.20.13 (C9)", "Committed with Lock On Commit: read only until reset here; QEMU stores the bit and does not obey it.", { circumstance: "locked", documentedOnly: true }])));

/** 64-bit registers read whole. */
const wide = rules(component, Object.entries((link as StructureDeclaration).registers).flatMap(([register, { fields }]) => Object.keys(fields).map((field): Row => [`8-byte read of link.${register}.${field}`, "any", `link.${register}.${field}`, (theirs) => theirs === 0, "CXL 8.2.2", "64-bit registers are read as 8 bytes; QEMU gives 0.", { circumstance: "wide", states: "0x0 / any", documentedOnly: true }])));

/** A structure that only they have. */
const only = (identity: string, name: string, captures: readonly CaptureKind[], kinds: readonly RuleKind[], clause: string, reason: string): Explanation => ({ id: `their ${identity} (${name}) on ${kinds.join(", ")}`, captures, kinds, structure: identity, register: "", field: "", isWhole: true, expect: "any", clause, reason });

const theirsAlone: readonly Explanation[] = [
  only("function", "all of pxb-cxl", ["config", "component", "masks", "accesses"], ["pxb-cxl"], "CXL 9.12", "QEMU's host bridge is also a function on bus 0; a host bridge is found as ACPI0016 and through the CEDT."),
  only("cap 0xd", "subsystem id of a bridge", config, ["rp"], "PCIe 7.9.23", "Optional."),
  only("ext 0xd", "Access Control Services", config, ["rp"], "PCIe 7.7.11", "Optional without peer-to-peer traffic, and there is none."),
  only("cap 0x5", "MSI", config, ["usp"], "PCIe 7.7.1", "Upstream ports of ours have nothing to send a message for."),
  { ...only("msi mask and pending bits", "MSI", config, slots, "PCIe 7.7.1.7", "Per-vector masking is optional; ours has none."), documentedOnly: true },
  only("dvsec 5", "GPF of a device", config, devices, "CXL 8.1.7", "For devices that support Global Persistent Flush; ours without persistent capacity do not."),
  only("component 0x4", "link", component, hostBridges, "CXL 8.2.4, table 8-22", "Not permitted in a host bridge's CHBCR."),
  only("component 0x8", "snoop filter", component, hostBridges, "CXL 8.2.4, table 8-22", "Not permitted in a host bridge's CHBCR: of root ports."),
  only("component 0x5", "HDM decoders", component, ["rp"], "CXL 8.2.4, table 8-22", "Not permitted in a root port: of host bridges, upstream ports and devices."),
  only("component 0x6", "Extended Security", component, ["rp"], "CXL 8.2.4, table 8-22", "Not permitted in a root port: of host bridges."),
  { id: "decoders of a passthrough bridge", captures: component, kinds: hostBridges, structure: "no structure", register: "+0x128", field: "", expect: [[0x312, 0]], clause: "CXL 8.2.4", reason: "Not in the list of a bridge with one root port; QEMU leaves the capability register behind." },
];

const sameFigure = "What it comes to with the figure is equal; the unit is the table's own.";
const tables = rules(["exchange", "accesses"], [
  ["unit of DSLBIS", devices, "CDAT DSLBIS.unit", [[10_000, 1000], [1000, 1]], "CDAT 2.1", sameFigure],
  ["unit of SSLBIS", ["usp"], "CDAT SSLBIS.unit", [[10_000, 1000], [1024, 1]], "CDAT 2.1", sameFigure],
  ["CDAT checksum", "any", "CDAT header.checksum", "any", "CDAT 2.1", "Follows from the units; ours makes all bytes sum to 0 (src/hardware/cdat.test.ts)."],
  ["CDAT request code", "any", "data object.answer.request code", oursIsZero, "CXL 8.1.11.1", "Only code 0, read entry, is defined; others get no answer here.", anyToZero],
  ["CDAT table type", "any", "data object.answer.table type", oursIsZero, "CXL 8.1.11.1", "Only type 0, CDAT, is defined; others get no answer here.", anyToZero],
]);

const dataPath = rules(["datapath"], [
  ["unrouted reads", devices, "data path.unrouted.value", [[0, 0xffff_ffff]], "CXL 8.2.4.20.2", "A read that no decoder claims, or beyond the media, is all ones; theirs gives 0."],
  ["access over a way", devices, "data path.routed.beyond the way", theyHave, "CXL 8.2.4.20.13", "Bytes behind the end of a way go to the next one; theirs sends the access whole to the first.", { circumstance: "over a way", documentedOnly: true }],
  ["port decoder not committed", ["hb", "usp"], "hdmDecoderPort.control.committed", theyHave, "CXL 8.2.4.20.12 (C2, C11)", "What was programmed breaks a commit rule; QEMU commits whatever is asked.", { ...refused, documentedOnly: true }],
  ["device decoder not committed", devices, "hdmDecoderDevice.control.committed", theyHave, "CXL 8.2.4.20.12 (C2, C11)", "What was programmed breaks a commit rule; QEMU commits whatever is asked.", { ...refused, documentedOnly: true }],
  ["not routed after a refused commit", devices, "data path.routed.reached", theyHave, "CXL 8.2.4.20.13", "A decoder on the way was not committed, so it claims nothing.", { ...refused, documentedOnly: true }],
]);

export const explanations: readonly Explanation[] = [...headers, ...pciExpress, ...capabilities, ...dvsecs, ...registers, ...rasStatus(ras), ...locked, ...wide, ...theirsAlone, ...tables, ...dataPath, ...deviceExplanations, ...commandExplanations];
