// Where each structure lies in each register block. Component blocks are the CXL.cache/mem primary range (component block + 4 KiB).

import { biDecoderDevice, biDecoderDownstreamPort, biDecoderRootPort, biRouteTable } from "./back-invalidate.ts";
import { componentHeader } from "./component-header.ts";
import { doeDevice, doeUpstreamPort } from "./doe.ts";
import { dpcDownstreamPort, dpcRootPort } from "./dpc.ts";
import { deviceBlock, deviceCapabilities, deviceStatus, memoryDeviceStatus, primaryMailbox, secondaryMailbox } from "./device-block.ts";
import { dvsecDevice, dvsecFlexBus, dvsecFlexBusPort, dvsecGpfDevice, dvsecGpfPort, dvsecLocatorDevice, dvsecLocatorPort, dvsecLogicalDevices, dvsecPort, dvsecUpstreamPort } from "./dvsec.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "./hdm-decoder.ts";
import { msiDevice, msix, msixTable } from "./messages.ts";
import { aerEndpoint, aerRootPort, bridgeHeader, downstreamPortHeader, endpointHeader, msi, pcieDownstreamPort, pcieEndpoint, pcieRootPort, pcieUpstreamPort, serialNumber, upstreamPortHeader } from "./pci.ts";
import { link, ras, rasRootPort } from "./ras-link.ts";
import type { BlockDeclaration, MachineKey, Placement, StructureDeclaration } from "./schema.ts";
import { extendedSecurity, security, snoopFilter } from "./security.ts";
import { timeoutIsolation } from "./timeout-isolation.ts";

export { cacheMemoryRange, deviceBar, dvsecIdentity } from "./constants.ts";

const place = <S extends StructureDeclaration>(at: number, structure: S) => ({ at, structure }) satisfies Placement;
const optional = <S extends StructureDeclaration>(at: number, structure: S, presentWith: MachineKey) => ({ at, structure, presentWith }) satisfies Placement;

/** Every register block by name, with its structures, their registers and fields. */
export const blocks = {
  hostBridgeComponent: {
    name: "hostBridgeComponent", clause: "8.2.4", kind: "component",
    placements: { componentHeader: place(0, componentHeader), hdmDecoderPort: optional(0x200, hdmDecoderPort, "hasDecoders"), extendedSecurity: place(0x620, extendedSecurity) },
  },
  rootPortComponent: {
    name: "rootPortComponent", clause: "8.2.4", kind: "component",
    placements: {
      componentHeader: place(0, componentHeader), ras: place(0x80, rasRootPort), link: place(0xd8, link), timeoutIsolation: optional(0x120, timeoutIsolation, "isolation"),
      security: optional(0x130, security, "hasSecurity"), snoopFilter: optional(0x138, snoopFilter, "hasSnoopFilter"), biDecoder: optional(0x140, biDecoderRootPort, "hasBackInvalidate"),
    },
  },
  upstreamPortComponent: {
    name: "upstreamPortComponent", clause: "8.2.4", kind: "component",
    placements: {
      componentHeader: place(0, componentHeader), ras: place(0x80, ras), link: place(0xd8, link), biRouteTable: optional(0x150, biRouteTable, "hasBackInvalidate"), hdmDecoderPort: optional(0x200, hdmDecoderPort, "hasDecoders"),
    },
  },
  downstreamPortComponent: {
    name: "downstreamPortComponent", clause: "8.2.4", kind: "component",
    placements: { componentHeader: place(0, componentHeader), ras: place(0x80, ras), link: place(0xd8, link), biDecoder: optional(0x140, biDecoderDownstreamPort, "hasBackInvalidate") },
  },
  deviceComponent: {
    name: "deviceComponent", clause: "8.2.4", kind: "component",
    placements: { componentHeader: place(0, componentHeader), ras: place(0x80, ras), link: place(0xd8, link), biDecoder: optional(0x140, biDecoderDevice, "hasBackInvalidate"), hdmDecoderDevice: place(0x200, hdmDecoderDevice) },
  },
  rootPortConfig: {
    name: "rootPortConfig", clause: "8.1", kind: "config",
    placements: {
      bridgeHeader: place(0, bridgeHeader), pcie: place(0x40, pcieRootPort), msi: place(0x80, msi),
      aer: place(0x100, aerRootPort), dvsecPort: place(0x180, dvsecPort), dvsecFlexBus: place(0x1b0, dvsecFlexBusPort), dvsecLocatorPort: place(0x1e0, dvsecLocatorPort),
      dvsecGpfPort: place(0x200, dvsecGpfPort), dpc: optional(0x210, dpcRootPort, "hasDpc"), serialNumber: optional(0x240, serialNumber, "hasSerialNumber"),
    },
  },
  upstreamPortConfig: {
    name: "upstreamPortConfig", clause: "8.1", kind: "config",
    placements: {
      bridgeHeader: place(0, upstreamPortHeader), pcie: place(0x40, pcieUpstreamPort),
      aer: place(0x100, aerEndpoint), dvsecPort: place(0x180, dvsecUpstreamPort), dvsecFlexBus: place(0x1b0, dvsecFlexBus), dvsecLocatorPort: place(0x1e0, dvsecLocatorPort), serialNumber: place(0x240, serialNumber), doe: place(0x250, doeUpstreamPort),
    },
  },
  downstreamPortConfig: {
    name: "downstreamPortConfig", clause: "8.1", kind: "config",
    placements: {
      bridgeHeader: place(0, downstreamPortHeader), pcie: place(0x40, pcieDownstreamPort), msi: place(0x80, msi),
      aer: place(0x100, aerEndpoint), dvsecPort: place(0x180, dvsecPort), dvsecFlexBus: place(0x1b0, dvsecFlexBusPort), dvsecLocatorPort: place(0x1e0, dvsecLocatorPort),
      dvsecGpfPort: place(0x200, dvsecGpfPort), dpc: optional(0x210, dpcDownstreamPort, "hasDpc"),
    },
  },
  deviceConfig: {
    name: "deviceConfig", clause: "8.1", kind: "config",
    placements: {
      endpointHeader: place(0, endpointHeader), pcie: place(0x40, pcieEndpoint), msi: optional(0x80, msiDevice, "hasMsi"), msix: optional(0x90, msix, "hasMsix"),
      aer: place(0x100, aerEndpoint), dvsecDevice: place(0x140, dvsecDevice), dvsecFlexBus: place(0x1b0, dvsecFlexBus), dvsecLocatorDevice: place(0x1d8, dvsecLocatorDevice),
      dvsecGpfDevice: optional(0x220, dvsecGpfDevice, "hasPersistent"), dvsecLogicalDevices: optional(0x230, dvsecLogicalDevices, "logicalDevices"), serialNumber: place(0x240, serialNumber), doe: place(0x250, doeDevice),
    },
  },
  deviceRegisters: {
    name: "deviceRegisters", clause: "8.2.9", kind: "device",
    placements: {
      deviceCapabilities: place(0, deviceCapabilities), deviceStatus: place(deviceBlock.status, deviceStatus), memoryDeviceStatus: place(deviceBlock.memoryStatus, memoryDeviceStatus),
      secondaryMailbox: place(deviceBlock.secondaryMailbox, secondaryMailbox), primaryMailbox: place(deviceBlock.primaryMailbox, primaryMailbox),
    },
  },
  deviceMessages: { name: "deviceMessages", clause: "PCIe 7.7.2", kind: "messages", placements: { msixTable: place(0, msixTable) } },
} as const satisfies Readonly<Record<string, BlockDeclaration>>;
/** Name of a register block. */
export type BlockName = keyof typeof blocks;
