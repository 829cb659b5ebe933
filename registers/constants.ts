// Numbers of the machine that are no register's: where a BAR's areas lie, and which message tells what.

/** Bytes from the start of a component block to its CXL.cache/mem primary range (8.2.3), and the sizes of both. */
export const cacheMemoryRange = { offset: 0x1000, size: 0x1000, blockSize: 0x1_0000 } as const;

/** Bytes of a function's config space (PCIe 7.2.2). */
export const configSize = 0x1000;

/** BAR 0 of a device: component block at 0, MSI-X table, then the device block to its end. */
export const deviceBar = { messages: 0x1_0000, device: 0x2_0000 } as const;

/**
 * MSI messages of a port; MSI-X vectors of a device: data object exchange, mailbox, and the first of the event logs, which follow in order. A
 * device with fewer vectors uses its last one instead.
 */
export const messageNumbers = { slot: 0, aer: 1, dpc: 2, doe: 0, mailbox: 1, event: 2 } as const;

/** Vendor id of CXL DVSECs, extended capability id and version of a DVSEC (8.1.1). */
export const dvsecIdentity = { vendor: 0x1e98, capability: 0x0023, capabilityVersion: 1 } as const;
