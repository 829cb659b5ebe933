// Every difference between a capture and this model that has a reason: one reviewed rule each, for one register or field, or for one structure
// that only the other machine has. A rule never covers several structures.

import type { CaptureKind } from "./capture.ts";
import type { FunctionKind } from "./qemu-machine.ts";

export interface Explanation {
  readonly id: string;
  readonly captures: readonly CaptureKind[];
  readonly kinds?: readonly (FunctionKind | "pxb-cxl" | "table")[];
  /** A structure of ours by name; one that only they have by identity. */
  readonly structure: string;
  /** Absent: the structure is theirs alone. */
  readonly register?: string;
  /** Absent: every field of the register. */
  readonly fields?: readonly string[];
  /** What the difference must look like. */
  readonly holds?: (theirs: number, ours: number) => boolean;
  readonly clause: string;
  readonly reason: string;
}

const config: readonly CaptureKind[] = ["config", "accesses"];
const component: readonly CaptureKind[] = ["component", "masks", "accesses"];
const ports: readonly FunctionKind[] = ["rp", "usp", "dsp"];
const slots: readonly FunctionKind[] = ["rp", "dsp"];
const theyHave = (theirs: number, ours: number): boolean => theirs !== 0 && ours === 0;
const weHave = (theirs: number, ours: number): boolean => theirs === 0 && ours !== 0;

const identities: readonly Explanation[] = (["bridgeHeader", "endpointHeader"] as const).flatMap((structure) => [
  { id: `${structure} vendor id`, captures: config, structure, register: "vendorId", clause: "PCIe 7.5.1.1.1", reason: "Whose function it is; ours carries the consortium's id." },
  { id: `${structure} device id`, captures: config, structure, register: "deviceId", clause: "PCIe 7.5.1.1.2", reason: "Whose function it is." },
  { id: `${structure} prefetchable BAR`, captures: config, structure, register: "bar0", fields: ["prefetchable"], holds: weHave, clause: "PCIe 7.5.1.2.1", reason: "Register blocks may lie in prefetchable space when reads have no side effects; ours do." },
]);

const optionalBits: readonly Explanation[] = [
  { id: "revision of a bridge", captures: config, kinds: ports, structure: "bridgeHeader", register: "revisionId", holds: weHave, clause: "PCIe 7.5.1.1.5", reason: "Revision of the function; ours is 1." },
  { id: "subsystem id", captures: config, kinds: ["type3"], structure: "endpointHeader", register: "subsystemId", clause: "PCIe 7.5.1.2.3", reason: "Whose board it is." },
  { id: "BAR 0 size", captures: ["accesses"], kinds: ["type3"], structure: "endpointHeader", register: "bar0", fields: ["address31to16"], holds: (theirs, ours) => (theirs & ours) === ours, clause: "CXL 8.1.9", reason: "One BAR of 256 KiB holds all blocks of ours; theirs has three BARs and 64 KiB in this one." },
  { id: "BAR 2 low", captures: config, kinds: ["type3"], structure: "endpointHeader", register: "+0x18", clause: "CXL 8.1.9", reason: "Theirs has the device block in a BAR of its own." },
  { id: "BAR 2 high", captures: config, kinds: ["type3"], structure: "endpointHeader", register: "+0x1c", clause: "CXL 8.1.9", reason: "Upper half of that BAR." },
  { id: "BAR 4 low", captures: config, kinds: ["type3"], structure: "endpointHeader", register: "+0x20", clause: "PCIe 7.7.2.3", reason: "Theirs has the MSI-X table in a BAR of its own." },
  { id: "I/O space of a device", captures: config, kinds: ["type3"], structure: "endpointHeader", register: "+0x4", holds: theyHave, clause: "PCIe 7.5.1.1.3", reason: "I/O Space Enable can be hardwired to 0 in a function without I/O BARs." },
  { id: "I/O window", captures: config, kinds: ports, structure: "bridgeHeader", register: "+0x1c", clause: "PCIe 7.5.1.3.6", reason: "Bridges of ours forward no I/O: base and limit read 0, as the clause allows." },
  { id: "prefetchable window after reset", captures: config, kinds: ports, structure: "bridgeHeader", register: "prefetchableBase", fields: ["address31to20"], holds: (theirs) => (theirs & 0xf00) === 0xf00, clause: "PCIe 7.5.1.3.9", reason: "Base and limit have no reset value in the clause; theirs starts closed, ours at 0 with memory space off." },
  { id: "memory window after reset", captures: config, kinds: ports, structure: "bridgeHeader", register: "memoryBase", holds: (theirs) => (theirs & 0xf00) === 0xf00, clause: "PCIe 7.5.1.3.8", reason: "Base and limit have no reset value in the clause; theirs starts closed, ours at 0 with memory space off." },
  { id: "INTx pin of a bridge", captures: config, kinds: ports, structure: "bridgeHeader", register: "+0x3c", holds: theyHave, clause: "PCIe 7.5.1.1.13", reason: "Ours has no INTx; messages only." },
  { id: "multi-function upstream port", captures: ["config"], kinds: ["usp"], structure: "bridgeHeader", register: "headerType", fields: ["multiFunction"], holds: theyHave, clause: "PCIe 7.5.1.1.9", reason: "multifunction=on of the command line announces more functions; there are none." },
  { id: "payload size", captures: config, structure: "pcie", register: "deviceCapabilities", fields: ["maxPayload"], holds: weHave, clause: "PCIe 7.5.3.3", reason: "Ours takes 256 bytes, theirs 128." },
  { id: "extended tags", captures: config, structure: "pcie", register: "+0x4", holds: (theirs, ours) => theirs === 0x20 && ours === 0, clause: "PCIe 7.5.3.3", reason: "Extended Tag Field is optional and has no counterpart in the model." },
  { id: "function level reset of a device", captures: config, kinds: ["type3"], structure: "pcie", register: "deviceCapabilities", fields: ["functionLevelReset"], holds: weHave, clause: "PCIe 6.6.2", reason: "Optional; ours has it." },
  { id: "function level reset of a switch", captures: config, kinds: ["usp", "dsp"], structure: "pcie", register: "deviceCapabilities", fields: ["functionLevelReset"], holds: theyHave, clause: "PCIe 7.5.3.3", reason: "For endpoints only; the bit is reserved in bridges." },
  { id: "link speed", captures: config, structure: "pcie", register: "linkCapabilities", fields: ["maxSpeed"], clause: "PCIe 7.5.3.6", reason: "Their ports can 64 GT/s, ours 32." },
  { id: "link width", captures: config, structure: "pcie", register: "linkCapabilities", fields: ["maxWidth"], clause: "PCIe 7.5.3.6", reason: "Ours has 8 lanes." },
  { id: "link width of the link", captures: config, structure: "pcie", register: "linkStatus", fields: ["width"], clause: "PCIe 7.5.3.8", reason: "Ours trained 8 lanes." },
  { id: "target speed", captures: config, structure: "pcie", register: "linkControl2", fields: ["targetSpeed"], clause: "PCIe 7.5.3.19", reason: "Resets to the highest speed of the port." },
  { id: "supported speeds", captures: config, structure: "pcie", register: "linkCapabilities2", fields: ["supportedSpeeds"], holds: (theirs, ours) => (theirs & ours) === ours, clause: "PCIe 7.5.3.18", reason: "Up to the highest speed of the port." },
  { id: "Surprise Down reporting", captures: config, kinds: slots, structure: "pcie", register: "linkCapabilities", fields: ["surpriseDownReporting"], holds: weHave, clause: "PCIe 7.5.3.6", reason: "Optional; ours reports Surprise Down, theirs cannot lose a link." },
  { id: "power management of the link", captures: config, structure: "pcie", register: "+0xc", holds: (theirs, ours) => (theirs & ~0x200c00) === 0 && ours === 0, clause: "PCIe 7.5.3.6", reason: "ASPM L0s and bandwidth notification are not modelled; ours does not announce them." },
  { id: "device capabilities 2", captures: config, structure: "pcie", register: "+0x24", holds: theyHave, clause: "PCIe 7.5.3.15", reason: "ARI forwarding and TLP prefixes are optional and have no counterpart in the model." },
  { id: "attention button", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["attentionButton"], holds: theyHave, clause: "PCIe 7.5.3.9", reason: "Furniture of a slot; ours has none." },
  { id: "power controller", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["powerController"], holds: theyHave, clause: "PCIe 7.5.3.9", reason: "Furniture of a slot; ours has none." },
  { id: "attention indicator", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["attentionIndicator"], holds: theyHave, clause: "PCIe 7.5.3.9", reason: "Furniture of a slot; ours has none." },
  { id: "power indicator", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["powerIndicator"], holds: theyHave, clause: "PCIe 7.5.3.9", reason: "Furniture of a slot; ours has none." },
  { id: "electromechanical interlock", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["electromechanicalInterlock"], holds: theyHave, clause: "PCIe 7.5.3.9", reason: "Furniture of a slot; ours has none." },
  { id: "hot-plug surprise", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["hotPlugSurprise"], holds: theyHave, clause: "CXL 9.9", reason: "Hardwired to 0 on CXL downstream ports: surprise removal is not supported." },
  { id: "command completed", captures: config, kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["noCommandCompleted"], holds: weHave, clause: "PCIe 7.5.3.9", reason: "Slot commands of ours end at once and send no event." },
  { id: "slot number", captures: ["config"], kinds: slots, structure: "pcie", register: "slotCapabilities", fields: ["slotNumber"], clause: "PCIe 7.5.3.9", reason: "The platform numbers slots; ours counts ports." },
  { id: "attention indicator control", captures: config, kinds: slots, structure: "pcie", register: "slotControl", fields: ["attentionIndicatorControl"], holds: theyHave, clause: "PCIe 7.5.3.10", reason: "Read only 0 without the indicator." },
  { id: "power indicator control", captures: config, kinds: slots, structure: "pcie", register: "slotControl", fields: ["powerIndicatorControl"], holds: theyHave, clause: "PCIe 7.5.3.10", reason: "Read only 0 without the indicator." },
  { id: "attention button enable", captures: ["accesses"], kinds: slots, structure: "pcie", register: "slotControl", fields: ["attentionButtonEnable"], holds: theyHave, clause: "PCIe 7.5.3.10", reason: "Read only 0 without the button." },
  { id: "command completed enable", captures: ["accesses"], kinds: slots, structure: "pcie", register: "slotControl", fields: ["commandCompletedEnable"], holds: theyHave, clause: "PCIe 7.5.3.10", reason: "Read only 0 without command-completed events." },
  { id: "link state changed enable", captures: ["accesses"], kinds: slots, structure: "pcie", register: "slotControl", fields: ["linkStateChangedEnable"], holds: weHave, clause: "PCIe 7.5.3.10", reason: "The driver leaves it off where it has an attention button to wait for; its write was made for their slot, and our slot keeps it." },
  { id: "command completed event", captures: ["accesses"], kinds: slots, structure: "pcie", register: "slotStatus", fields: ["commandCompleted"], holds: theyHave, clause: "PCIe 7.5.3.11", reason: "No such events with No Command Completed Support." },
  { id: "number of MSI messages", captures: config, kinds: slots, structure: "msi", register: "control", fields: ["multipleCapable"], clause: "PCIe 7.7.1.2", reason: "Ours offers 32, so that isolation, AER and DPC have their own." },
  { id: "64-bit MSI", captures: config, kinds: slots, structure: "msi", register: "control", fields: ["is64Bit"], holds: weHave, clause: "PCIe 7.7.1.2", reason: "Every PCIe function that can send MSI has 64-bit addresses." },
  { id: "masking of MSI", captures: config, kinds: slots, structure: "msi", register: "+0x0", holds: (theirs, ours) => theirs === 0x100_0000 && ours === 0, clause: "PCIe 7.7.1.2", reason: "Per-vector masking is optional; ours has none." },
  { id: "place of the MSI-X table: BAR", captures: config, kinds: ["type3"], structure: "msix", register: "table", fields: ["barIndex"], clause: "PCIe 7.7.2.3", reason: "The table is in BAR 0 here." },
  { id: "place of the MSI-X table: offset", captures: config, kinds: ["type3"], structure: "msix", register: "table", fields: ["offset31to3"], clause: "PCIe 7.7.2.3", reason: "At 64 KiB of BAR 0 here." },
  { id: "place of the pending bits: BAR", captures: config, kinds: ["type3"], structure: "msix", register: "pending", fields: ["barIndex"], clause: "PCIe 7.7.2.4", reason: "Behind the table." },
  { id: "place of the pending bits: offset", captures: config, kinds: ["type3"], structure: "msix", register: "pending", fields: ["offset31to3"], clause: "PCIe 7.7.2.4", reason: "Behind the table." },
  { id: "TLP prefix errors", captures: config, structure: "aer", register: "uncorrectableMask", fields: ["tlpPrefixBlocked"], holds: theyHave, clause: "PCIe 7.8.4.3", reason: "Only Uncorrectable Internal Error resets to masked; theirs masks blocked TLP prefixes too." },
  { id: "ECRC and multiple headers of AER", captures: config, structure: "aer", register: "+0x18", holds: (theirs, ours) => (theirs & ~0x3e0) === 0 && ours === 0, clause: "PCIe 7.8.4.7", reason: "ECRC and multiple header recording in AER are optional." },
];

const cxlConfig: readonly Explanation[] = [
  { id: "PM initialisation of a port", captures: config, kinds: slots, structure: "dvsecPort", register: "status", fields: ["powerManagementInitComplete"], holds: weHave, clause: "CXL 8.1.5.1", reason: "Complete once the link is up; theirs never sets it." },
  { id: "GPF phase 1 timeout", captures: config, kinds: slots, structure: "dvsecGpfPort", register: "phase1", fields: ["base"], holds: (theirs, ours) => theirs === 1 && ours === 0, clause: "CXL 8.1.6", reason: "No reset value is given; software sets it before use." },
  { id: "GPF phase 2 timeout", captures: config, kinds: slots, structure: "dvsecGpfPort", register: "phase2", fields: ["base"], holds: (theirs, ours) => theirs === 1 && ours === 0, clause: "CXL 8.1.6", reason: "No reset value is given; software sets it before use." },
  { id: "flex bus: CXL.mem enabled for training", captures: config, structure: "dvsecFlexBus", register: "control", fields: ["memory"], holds: weHave, clause: "CXL 8.2.1.3.2", reason: "Firmware has allowed CXL.mem before the link trained; both show it in the status." },
  { id: "flex bus: VH enabled for training", captures: config, structure: "dvsecFlexBus", register: "control", fields: ["flit68AndVh"], holds: weHave, clause: "CXL 8.2.1.3.2", reason: "Likewise for 68B flits and VH." },
  { id: "flex bus: cache enabled for training", captures: ["config"], kinds: ["usp"], structure: "dvsecFlexBus", register: "control", fields: ["cache"], holds: theyHave, clause: "CXL 8.2.1.3.2", reason: "Switches of ours carry no CXL.cache." },
  { id: "flex bus: cache of a switch", captures: ["config"], kinds: ["usp", "dsp"], structure: "dvsecFlexBus", register: "capability", fields: ["cache"], holds: theyHave, clause: "CXL 8.2.1.3.1", reason: "Switches of ours carry no CXL.cache." },
  { id: "flex bus: flits of the link", captures: config, kinds: slots, structure: "dvsecFlexBus", register: "status", fields: ["flit68AndVh"], holds: weHave, clause: "CXL 8.2.1.3.3", reason: "Links of ours train as VH with 68B flits." },
  { id: "flex bus: training data", captures: config, structure: "dvsecFlexBus", register: "receivedTrainingData", holds: (theirs, ours) => theirs === 0xef && ours === 0, clause: "CXL 8.2.1.3.4", reason: "What the partner sent in training is not modelled." },
  { id: "register locator length of a port", captures: config, kinds: ports, structure: "dvsecLocatorPort", register: "header1", fields: ["length"], holds: (theirs, ours) => theirs > ours, clause: "CXL 8.1.9", reason: "0x0C and 8 bytes an entry; theirs is padded with empty entries." },
  { id: "register locator length of a device", captures: config, kinds: ["type3"], structure: "dvsecLocatorDevice", register: "header1", fields: ["length"], holds: (theirs, ours) => theirs > ours, clause: "CXL 8.1.9", reason: "0x0C and 8 bytes an entry; theirs is padded with empty entries." },
  { id: "place of the device block: BAR", captures: config, kinds: ["type3"], structure: "dvsecLocatorDevice", register: "entry1Low", fields: ["barIndex"], clause: "CXL 8.1.9.1", reason: "All blocks are in BAR 0 here." },
  { id: "place of the device block: offset", captures: config, kinds: ["type3"], structure: "dvsecLocatorDevice", register: "entry1Low", fields: ["offset31to16"], clause: "CXL 8.1.9.1", reason: "At 128 KiB of BAR 0 here." },
  { id: "range count", captures: config, kinds: ["type3"], structure: "dvsecDevice", register: "capability", fields: ["rangeCount"], holds: (theirs, ours) => theirs === 1 && ours === 2, clause: "CXL 8.1.3.1", reason: "Both ranges of a mixed device are in use; theirs says 1 and fills both." },
  { id: "CXL reset complete", captures: config, kinds: ["type3"], structure: "dvsecDevice", register: "status2", fields: ["resetComplete"], holds: theyHave, clause: "CXL 8.1.3.5", reason: "Set by the end of a CXL reset; none has run." },
  { id: "interrupt of a switch's data object exchange", captures: ["config"], kinds: ["usp"], structure: "doe", register: "capability", holds: theyHave, clause: "PCIe 7.9.24.2", reason: "Upstream ports of ours send no messages." },
  { id: "CDAT read through the mailbox", captures: ["accesses"], kinds: ["type3"], structure: "doe", register: "readMailbox", clause: "CDAT 2.1", reason: "Units, checksum and figures of the table are each machine's own; the entries are compared by the exchange captures." },
];

const only = (identity: string, captures: readonly CaptureKind[], kinds: readonly FunctionKind[], clause: string, reason: string): Explanation => ({ id: `their ${identity} on ${kinds.join(", ")}`, captures, kinds, structure: identity, clause, reason });

const theirsAlone: readonly Explanation[] = [
  { id: "pxb-cxl function", captures: ["config", "component", "accesses"], kinds: ["pxb-cxl"], structure: "function", clause: "CXL 9.12", reason: "QEMU's host bridge is also a function on bus 0; a host bridge is found as ACPI0016 and through the CEDT." },
  only("cap 0xd", config, ["rp"], "PCIe 7.9.23", "Subsystem id of a bridge; optional."),
  only("ext 0xd", config, ["rp"], "PCIe 7.7.11", "Access Control Services; there is no peer-to-peer traffic to control."),
  only("cap 0x5", ["config"], ["usp"], "PCIe 7.7.1", "Upstream ports of ours have nothing to send a message for."),
  only("dvsec 3", ["config"], ["usp"], "CXL 8.1.5", "Root and downstream ports only (table 8-2)."),
  only("dvsec 5", config, ["type3"], "CXL 8.1.7", "Global Persistent Flush is for devices with persistent capacity (table 8-2)."),
  only("component 0x4", ["component", "masks", "accesses"], ["hb"], "CXL 8.2.4.19", "A host bridge's CHBCR has no link of its own (table 8-22)."),
  only("component 0x8", ["component", "masks", "accesses"], ["hb"], "CXL 8.2.4.23", "Snoop filters are of root ports."),
  only("component 0x5", ["component", "masks", "accesses"], ["rp"], "CXL 8.2.4.20", "HDM decoders are of host bridges, upstream ports and devices; QEMU gives them to root ports too."),
  only("component 0x6", ["component", "masks", "accesses"], ["rp"], "CXL 8.2.4.21", "Extended Security is of host bridges."),
];

const registers: readonly Explanation[] = [
  { id: "poison enabled", captures: component, structure: "ras", register: "control", fields: ["poisonEnabled"], holds: weHave, clause: "CXL 8.2.4.17", reason: "Resets to 1, hardwired in switch ports and devices." },
  { id: "RAS uncorrectable status of ports", captures: ["masks"], kinds: ports, structure: "ras", register: "uncorrectableStatus", holds: theyHave, clause: "CXL 8.2.4.17", reason: "Write-1-to-clear; theirs is plain storage in ports." },
  { id: "RAS correctable status of ports", captures: ["masks"], kinds: ports, structure: "ras", register: "correctableStatus", holds: theyHave, clause: "CXL 8.2.4.17", reason: "Write-1-to-clear; theirs is plain storage in ports." },
  { id: "targets of a device's decoders", captures: component, kinds: ["type3"], structure: "hdmDecoderDevice", register: "capability", fields: ["targetCount"], holds: (theirs, ours) => theirs === 1 && ours === 0, clause: "CXL 8.2.4.20.1", reason: "Ports and host bridges only; theirs is constant 1." },
  { id: "poison on decode error of ports", captures: ["masks"], structure: "hdmDecoderPort", register: "globalControl", fields: ["poisonOnDecodeErrorEnable"], holds: theyHave, clause: "CXL 8.2.4.20.2", reason: "Read only 0 where capability bit 10 is 0." },
  { id: "poison on decode error of devices", captures: ["masks"], kinds: ["type3"], structure: "hdmDecoderDevice", register: "globalControl", fields: ["poisonOnDecodeErrorEnable"], holds: theyHave, clause: "CXL 8.2.4.20.2", reason: "Read only 0 where capability bit 10 is 0." },
  { id: "HDM Decoder Enable of ports", captures: ["masks"], structure: "hdmDecoderPort", register: "+0x4", holds: (theirs, ours) => theirs === 2 && ours === 0, clause: "CXL 8.2.4.20.2", reason: "Ports and bridges always use their decoders; the bit returns 0." },
  { id: "commit of a nonsense port decoder", captures: ["masks"], structure: "hdmDecoderPort", register: "control", fields: ["committed", "errorNotCommitted"], clause: "CXL 8.2.4.20.7, C11", reason: "All ones are reserved granularity and ways: not committed here; QEMU always commits." },
  { id: "commit of a nonsense device decoder", captures: ["masks"], kinds: ["type3"], structure: "hdmDecoderDevice", register: "control", fields: ["committed", "errorNotCommitted"], clause: "CXL 8.2.4.20.7, C11", reason: "All ones are reserved granularity and ways: not committed here; QEMU always commits." },
  { id: "BI decoder commit of a root port", captures: ["masks"], kinds: ["rp"], structure: "biDecoder", register: "control", fields: ["commit"], holds: theyHave, clause: "CXL 8.2.4.27", reason: "Reserved where no explicit commit is required, as on root ports." },
  { id: "root ports of Extended Security", captures: ["component", "masks", "accesses"], kinds: ["hb"], structure: "extendedSecurity", register: "entryCount", holds: (theirs) => theirs === 0, clause: "CXL 8.2.4.21", reason: "One entry for each root port; theirs is empty." },
];

const figure = (structure: string, register: string): Explanation => ({ id: `${structure} ${register}`, captures: ["exchange"], structure, register, clause: "CDAT 2.1", reason: "Latencies and bandwidths are each machine's own; theirs counts in units of 10 ns and 1000 MB/s, ours in 1 ns and 1 MB/s." });

const tables: readonly Explanation[] = [
  { id: "CDAT checksum", captures: ["exchange"], structure: "CDAT header", register: "checksum", clause: "CDAT 2.1", reason: "Follows from the figures." },
  figure("CDAT DSLBIS", "unit"),
  figure("CDAT DSLBIS", "figures"),
  figure("CDAT SSLBIS", "unit"),
  figure("CDAT SSLBIS", "figure of a pair"),
  { id: "CDAT request code", captures: ["exchange"], structure: "data object", register: "answer", fields: ["request code"], holds: theyHave, clause: "CXL 8.1.11.1", reason: "Only code 0, read entry, is defined; others get no answer here." },
  { id: "CDAT table type", captures: ["exchange"], structure: "data object", register: "answer", fields: ["table type"], holds: theyHave, clause: "CXL 8.1.11.1", reason: "Only type 0, CDAT, is defined; others get no answer here." },
  { id: "unrouted reads", captures: ["datapath"], structure: "data path", register: "unrouted", fields: ["value"], holds: (theirs, ours) => theirs === 0 && ours === 0xffff_ffff, clause: "CXL 8.2.4.20.2", reason: "A read that no decoder claims, or beyond the media, is all ones; theirs gives 0." },
];

export const explanations: readonly Explanation[] = [...identities, ...optionalBits, ...cxlConfig, ...theirsAlone, ...registers, ...tables];
