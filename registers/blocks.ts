// Where each structure lies in each register block. Component blocks are the CXL.cache/mem primary range (component block + 4 KiB).

import { componentHeader } from "./component-header.ts";
import { dvsecDevice, dvsecFlexBus, dvsecFlexBusPort, dvsecGpfPort, dvsecLocatorDevice, dvsecLocatorPort, dvsecPort } from "./dvsec.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "./hdm-decoder.ts";
import { aerEndpoint, aerRootPort, bridgeHeader, endpointHeader, msi, pcieEndpoint, pcieRootPort, serialNumber } from "./pci.ts";
import { link, ras } from "./ras-link.ts";
import type { BlockDeclaration } from "./schema.ts";
import { timeoutIsolation } from "./timeout-isolation.ts";

/** Bytes from the start of a component block to its CXL.cache/mem primary range (8.2.3), and the sizes of both. */
export const cacheMemoryRange = { offset: 0x1000, size: 0x1000, blockSize: 0x1_0000 } as const;

/** Vendor id of CXL DVSECs, extended capability id and version of a DVSEC (8.1.1). */
export const dvsecIdentity = { vendor: 0x1e98, capability: 0x0023, capabilityVersion: 1 } as const;

export const blocks = {
  hostBridgeComponent: {
    name: "hostBridgeComponent", clause: "8.2.4", kind: "component",
    placements: { componentHeader: { at: 0, structure: componentHeader }, hdmDecoderPort: { at: 0x80, structure: hdmDecoderPort } },
  },
  rootPortComponent: {
    name: "rootPortComponent", clause: "8.2.4", kind: "component",
    placements: { componentHeader: { at: 0, structure: componentHeader }, ras: { at: 0x80, structure: ras }, link: { at: 0xd8, structure: link }, timeoutIsolation: { at: 0x120, structure: timeoutIsolation, presentWith: "isolation" } },
  },
  deviceComponent: {
    name: "deviceComponent", clause: "8.2.4", kind: "component",
    placements: { componentHeader: { at: 0, structure: componentHeader }, ras: { at: 0x80, structure: ras }, link: { at: 0xd8, structure: link }, hdmDecoderDevice: { at: 0x128, structure: hdmDecoderDevice } },
  },
  rootPortConfig: {
    name: "rootPortConfig", clause: "8.1", kind: "config",
    placements: {
      bridgeHeader: { at: 0, structure: bridgeHeader }, pcieRootPort: { at: 0x40, structure: pcieRootPort }, msi: { at: 0x80, structure: msi },
      aerRootPort: { at: 0x100, structure: aerRootPort }, dvsecPort: { at: 0x140, structure: dvsecPort }, dvsecGpfPort: { at: 0x170, structure: dvsecGpfPort }, dvsecFlexBus: { at: 0x180, structure: dvsecFlexBusPort }, dvsecLocatorPort: { at: 0x1a0, structure: dvsecLocatorPort },
      serialNumber: { at: 0x1c0, structure: serialNumber, presentWith: "hasSerialNumber" },
    },
  },
  deviceConfig: {
    name: "deviceConfig", clause: "8.1", kind: "config",
    placements: {
      endpointHeader: { at: 0, structure: endpointHeader }, pcieEndpoint: { at: 0x40, structure: pcieEndpoint }, msi: { at: 0x80, structure: msi },
      aerEndpoint: { at: 0x100, structure: aerEndpoint }, serialNumber: { at: 0x130, structure: serialNumber }, dvsecDevice: { at: 0x140, structure: dvsecDevice }, dvsecFlexBus: { at: 0x180, structure: dvsecFlexBus }, dvsecLocatorDevice: { at: 0x1a0, structure: dvsecLocatorDevice },
    },
  },
} as const satisfies Readonly<Record<string, BlockDeclaration>>;
export type BlockName = keyof typeof blocks;
