// Which value each machine key has for each part of a description: second statement, from the meanings of the keys and the sheets.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, IsolationDescription, LinkDescription, RootPortDescription, SwitchDescription } from "../../../src/platform/description.ts";
import type { Keys } from "./registers.ts";

const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);
const lower = (value: bigint): number => Number(value & 0xffff_ffffn);
const upper = (value: bigint): number => Number(value >> 32n);

/** Component sheet 6.2: 0 -> 1; 1..8 -> 2n; 9..12 -> 4(n-4). */
function decoderCode(count: number): number {
  for (let code = 0; code <= 12; code++) if ((code === 0 ? 1 : code <= 8 ? 2 * code : 4 * (code - 4)) === count) return code;
  return 0;
}

const decoders = (count: number): Keys => ({ decoderCount: count, hasDecoders: flag(count > 0), decoderCountCode: decoderCode(count) });

/** Config sheet 9: 32 GT/s on 8 lanes unless the description says otherwise; a card's end is like the port's if it says nothing. */
const linkEnd = (...wishes: readonly (LinkDescription | undefined)[]): Keys => {
  const { speed, width } = wishes.find((wish) => wish !== undefined) ?? { speed: 5, width: 8 };
  return { linkSpeed: speed, linkWidth: width, linkSpeeds: (1 << speed) - 1 };
};

export const bridgeKeys = (bridge: HostBridgeDescription): Keys => ({ ...decoders(bridge.decoders), targetCount: bridge.targetCount, poisonOnDecodeError: flag(bridge.poisonOnDecodeError), rootPortCount: bridge.rootPorts.length });

export const switchKeys = (card: SwitchDescription, port: DownstreamPortDescription): Keys => ({
  ...linkEnd(card.link, port.link),
  ...decoders(card.decoders), targetCount: card.targetCount, poisonOnDecodeError: flag(card.poisonOnDecodeError), hasBackInvalidate: flag(card.backInvalidate), serialLow: lower(card.serial), serialHigh: upper(card.serial),
});

/** `order`: place among all declared ports, depth first, from 0. */
export const downstreamPortKeys = (port: DownstreamPortDescription, order: number): Keys => ({
  portNumber: port.portNumber, slotNumber: order + 1, hotPlug: flag(port.hotplug), hasDpc: flag(port.dpc ?? true), hasPowerController: flag(port.powerController ?? false), hasBackInvalidate: flag(port.backInvalidate), ...linkEnd(port.link),
});

/** Timeout sheet 2. */
const isolationKeys = (isolation: IsolationDescription): Keys => ({
  isolation: 1, memoryTimeoutRanges: isolation.timeoutRanges, memoryTimeout: flag(isolation.timeout), memoryIsolation: flag(isolation.memory), memoryIsolationLinkDown: flag(isolation.memoryLinkDown),
  isolationErrCor: flag(isolation.errCor), isolationInterrupt: flag(isolation.interruptMessage >= 0), isolationMessage: Math.max(isolation.interruptMessage, 0),
  cacheTimeoutRanges: isolation.cacheTimeoutRanges ?? 0, cacheTimeout: flag(isolation.cacheTimeout), cacheIsolation: flag(isolation.cache), cacheIsolationLinkDown: flag(isolation.cacheLinkDown),
});

export const rootPortKeys = (port: RootPortDescription, order: number): Keys => ({
  ...downstreamPortKeys(port, order), ...(port.isolation === null ? {} : isolationKeys(port.isolation)), hasSnoopFilter: flag(port.snoopFilter !== undefined), snoopGroup: port.snoopFilter?.group ?? 0, snoopCapacity: port.snoopFilter?.capacity ?? 0,
});

const defaultVectors = 16;
const resetTimeouts = [10e6, 100e6, 1e9, 10e9, 100e9];

/** Capacity of the two DVSEC ranges: what is volatile first, a device of one kind has one range. */
export function rangeSizes(device: DeviceDescription): readonly [bigint, bigint] {
  const persistent = device.persistentCapacity ?? 0n;
  return device.volatileCapacity === 0n ? [persistent, 0n] : [device.volatileCapacity, persistent];
}

export function deviceKeys(device: DeviceDescription, port: DownstreamPortDescription): Keys {
  const [first, second] = rangeSizes(device);
  const vectors = device.vectors ?? defaultVectors;
  const hasMsi = device.messages === "msi";
  const resetTime = device.resetTime;
  return {
    ...linkEnd(device.link, port.link),
    ...decoders(device.decoders), ways3612: flag(device.interleave3612), ways16: flag(device.interleave16), poisonOnDecodeError: flag(device.poisonOnDecodeError), hasBackInvalidate: flag(device.backInvalidate),
    coherencyModels: device.backInvalidate === true ? 3 : 0, serialLow: lower(device.serial), serialHigh: upper(device.serial), hasPersistent: flag((device.persistentCapacity ?? 0n) > 0n), volatilePreserved: flag(device.preservesVolatile),
    rangeCount: second > 0n ? 2 : 1, range1SizeHigh: upper(first), range1SizeLow: lower(first) >>> 28, range2SizeHigh: upper(second), range2SizeLow: lower(second) >>> 28,
    hasMsix: flag(!hasMsi), hasMsi: flag(hasMsi), messagesCode: [1, 2, 4, 8, 16, 32].findIndex((count) => count >= vectors), vectors: hasMsi ? 0 : vectors, lastVector: vectors - 1, resetCapable: flag(resetTime !== undefined), resetTimeoutCode: Math.max(0, resetTimeouts.findIndex((longest) => (resetTime ?? 0) <= longest)),
  };
}
