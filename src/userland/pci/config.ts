// Config space as the PCI tools have it: bytes that were read, and registers in them. The tools know the specification by themselves, as on a real
// machine: they share no declaration with the model, so that a wrong one there would show here.

/** Bytes of one function; 64, 256 or 4096 of them, or none. */
export interface Config {
  readonly bytes: Uint8Array;
}

export const headerBytes = 64;
export const standardBytes = 256;
export const extendedBytes = 4096;

export const has = (config: Config, at: number, length: number): boolean => at >= 0 && at + length <= config.bytes.length;
export const u8 = (config: Config, at: number): number => config.bytes[at] ?? 0xff;
export const u16 = (config: Config, at: number): number => u8(config, at) | (u8(config, at + 1) << 8);
export const u32 = (config: Config, at: number): number => (u16(config, at) | (u16(config, at + 2) << 16)) >>> 0;
export const u64 = (config: Config, low: number, high: number): bigint => BigInt(u32(config, low)) | (BigInt(u32(config, high)) << 32n);

/** Bits `high`..`low` of a value of 32 bits. */
export const bits = (value: number, high: number, low: number): number => (value >>> low) % 2 ** (high - low + 1);
export const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");

/** Names of a register's bits, each with its mask. */
export type Flags = Readonly<Record<string, number>>;

/** `Name+ Name-`: a plus where any bit of the mask is set. */
export const showFlags = (value: number, flags: Flags): string => Object.entries(flags).map(([name, mask]) => `${name}${(value & mask) === 0 ? "-" : "+"}`).join(" ");

/** Offsets of the header (PCIe 7.5.1). */
export const header = {
  vendor: 0x00, device: 0x02, command: 0x04, status: 0x06, revision: 0x08, programmingInterface: 0x09, classCode: 0x0a, cacheLine: 0x0c, latency: 0x0d, type: 0x0e, selfTest: 0x0f, bar0: 0x10, subsystemVendor: 0x2c,
  subsystem: 0x2e, rom: 0x30, capabilities: 0x34, interruptLine: 0x3c, interruptPin: 0x3d, minimumGrant: 0x3e, maximumLatency: 0x3f,
} as const;
/** Offsets of a bridge's header (PCIe 7.5.1.3). */
export const bridge = {
  primary: 0x18, secondary: 0x19, subordinate: 0x1a, secondaryLatency: 0x1b, ioBase: 0x1c, ioLimit: 0x1d, secondaryStatus: 0x1e, memoryBase: 0x20, memoryLimit: 0x22, prefetchableBase: 0x24, prefetchableLimit: 0x26,
  prefetchableBaseHigh: 0x28, prefetchableLimitHigh: 0x2c, ioBaseHigh: 0x30, ioLimitHigh: 0x32, rom: 0x38, control: 0x3e,
} as const;
export const headerTypes = { endpoint: 0, bridge: 1 } as const;
/** Layout of the header, without the bit that says more functions follow. */
export const headerTypeOf = (config: Config): number => u8(config, header.type) & 0x7f;
export const bridgeClass = 0x0604;
/** Device/Port Type of the PCIe capability (7.5.3.2). */
export const portTypes = { endpoint: 0, legacyEndpoint: 1, rootPort: 4, upstream: 5, downstream: 6, pciBridge: 7, pcieBridge: 8, integratedEndpoint: 9, eventCollector: 10 } as const;
