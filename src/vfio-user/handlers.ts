// What each command of a client does to a served function, and its reply. Framing, order and version: connection.ts.

import { readRegion, regionCount, regionSize, writeRegion } from "./accesses.ts";
import type { ServedFunction } from "./contract.ts";
import type { DmaRanges } from "./dma-ranges.ts";
import { accessOf, commands, errnos, headerSize, limits, payloadOf, replyMessage, setAccess, sizes } from "./wire.ts";
import type { Errno, Header } from "./wire.ts";

/** What a handler acts on. */
export interface Session {
  readonly served: ServedFunction;
  readonly ranges: DmaRanges;
  /** Bytes of data an access may have, as agreed. */
  readonly data: number;
  /** Before each access and reset: lets pass what has passed. */
  beforeAccess(): void;
}

/** A handler gives the whole reply, or the errno of a refusal. It is called with a payload of the right size. */
type Handler = (session: Session, header: Header, payload: DataView) => Uint8Array | Errno;

/** Reset and PCI (VFIO_DEVICE_FLAGS_*). */
const deviceFlags = 3;
/** Read and write (VFIO_REGION_INFO_FLAG_*). */
const regionFlags = 3;
/** INTx, MSI, MSI-X, errors, requests. */
const irqCount = 5;
const msiIndex = 1;
/** VFIO_IRQ_INFO_EVENTFD: QEMU takes no vector without it. Nothing is ever signalled so; interrupts are memory writes. */
const irqFlags = 1;
const irqData = { none: 1, bool: 2, eventfd: 4, mask: 7 } as const;
const irqTrigger = 0x20;
const irqActions = 0x38;

const deviceInfo: Handler = (_session, header, payload) => {
  if (payload.getUint32(0, true) < sizes.deviceInfo) return errnos.EINVAL;
  const reply = replyMessage(header, sizes.deviceInfo);
  [sizes.deviceInfo, deviceFlags, regionCount, irqCount].forEach((value, word) => payloadOf(reply).setUint32(word * 4, value, true));
  return reply;
};

const regionInfo: Handler = ({ served }, header, payload) => {
  const index = payload.getUint32(8, true);
  if (payload.getUint32(0, true) < sizes.regionInfo || index >= regionCount) return errnos.EINVAL;
  const size = regionSize(served, index);
  const reply = replyMessage(header, sizes.regionInfo);
  [sizes.regionInfo, size === 0 ? 0 : regionFlags, index].forEach((value, word) => payloadOf(reply).setUint32(word * 4, value, true));
  payloadOf(reply).setBigUint64(16, BigInt(size), true);
  return reply;
};

/** No part of any region has a file descriptor of its own. */
const regionIoFds: Handler = (_session, header, payload) => {
  const index = payload.getUint32(8, true);
  if (payload.getUint32(0, true) < sizes.regionIoFds || payload.getUint32(4, true) !== 0 || payload.getUint32(12, true) !== 0 || index >= regionCount) return errnos.EINVAL;
  const reply = replyMessage(header, sizes.regionIoFds);
  payloadOf(reply).setUint32(0, sizes.regionIoFds, true);
  payloadOf(reply).setUint32(8, index, true);
  return reply;
};

const vectorsOf = (served: ServedFunction, index: number): number => (index === msiIndex ? served.messages : 0);

const irqInfo: Handler = ({ served }, header, payload) => {
  const index = payload.getUint32(8, true);
  if (payload.getUint32(0, true) < sizes.irqInfo || index >= irqCount) return errnos.EINVAL;
  const reply = replyMessage(header, sizes.irqInfo);
  [sizes.irqInfo, irqFlags, index, vectorsOf(served, index)].forEach((value, word) => payloadOf(reply).setUint32(word * 4, value, true));
  return reply;
};

/** Event descriptors are taken and given back to nobody: what a client arms so is armed by MSI's registers as well. Masking and triggering by message is not had. */
const setIrqs: Handler = ({ served }, header, payload) => {
  const [argsz = 0, flags = 0, index = 0, start = 0, count = 0] = [0, 4, 8, 12, 16].map((at) => payload.getUint32(at, true));
  const data = flags & irqData.mask;
  const action = flags & irqActions;
  const isOneOfEach = [irqData.none, irqData.bool, irqData.eventfd].some((one) => one === data) && (action & -action) === action && action !== 0;
  if (!isOneOfEach || flags !== (data | action) || index >= irqCount || argsz < sizes.irqSet) return errnos.EINVAL;
  if (start + count > vectorsOf(served, index)) return errnos.EINVAL;
  if (payload.byteLength !== sizes.irqSet + (data === irqData.bool ? count : 0)) return errnos.EINVAL;
  const isDisabling = data === irqData.none && count === 0;
  if (action !== irqTrigger || (data !== irqData.eventfd && !isDisabling)) return errnos.EOPNOTSUPP;
  return replyMessage(header, 0);
};

/** Where an access goes; an errno: it does not lie within a region, or is longer than was agreed. */
function placeOf(session: Session, payload: DataView): { readonly region: number; readonly offset: number; readonly count: number } | Errno {
  const { offset, region, count } = accessOf(payload);
  if (region >= regionCount || count > session.data) return errnos.EINVAL;
  const size = regionSize(session.served, region);
  if (offset + BigInt(count) > BigInt(size)) return errnos.EINVAL;
  return { region, offset: Number(offset), count };
}

const regionRead: Handler = (session, header, payload) => {
  const place = placeOf(session, payload);
  if (typeof place === "number") return place;
  session.beforeAccess();
  const reply = replyMessage(header, sizes.access + place.count);
  setAccess(payloadOf(reply), { ...place, offset: BigInt(place.offset) });
  readRegion(session.served, place.region, place.offset, new DataView(reply.buffer, headerSize + sizes.access));
  return reply;
};

const regionWrite: Handler = (session, header, payload) => {
  const place = placeOf(session, payload);
  if (typeof place === "number") return place;
  if (payload.byteLength !== sizes.access + place.count) return errnos.EINVAL;
  session.beforeAccess();
  writeRegion(session.served, place.region, place.offset, new DataView(payload.buffer, payload.byteOffset + sizes.access, place.count));
  const reply = replyMessage(header, sizes.access);
  setAccess(payloadOf(reply), { ...place, offset: BigInt(place.offset) });
  return reply;
};

const dmaMap: Handler = ({ ranges }, header, payload) => {
  const errno = ranges.map(payload);
  return errno === 0 ? replyMessage(header, 0) : errno;
};

const dmaUnmap: Handler = ({ ranges }, header, payload) => {
  const errno = ranges.unmap(payload);
  if (errno !== 0) return errno;
  const reply = replyMessage(header, payload.byteLength);
  reply.set(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), headerSize);
  return reply;
};

const deviceReset: Handler = (session, header) => {
  session.beforeAccess();
  session.served.reset();
  return replyMessage(header, 0);
};

interface Command {
  /** Bytes behind the header. */
  readonly least: number;
  readonly most: number;
  readonly handle: Handler;
}

const exactly = (size: number, handle: Handler): Command => ({ least: size, most: size, handle });
/** Features are those of migration (VFIO's driver says ENOTTY of those it does not have, and QEMU then does without). */
const refuse = (errno: Errno): Command => ({ least: 0, most: limits.message, handle: () => errno });

const handlers: ReadonlyMap<number, Command> = new Map<number, Command>([
  [commands.dmaMap, exactly(sizes.dmaMap, dmaMap)],
  [commands.dmaUnmap, exactly(sizes.dmaUnmap, dmaUnmap)],
  [commands.deviceGetInfo, exactly(sizes.deviceInfo, deviceInfo)],
  [commands.deviceGetRegionInfo, exactly(sizes.regionInfo, regionInfo)],
  [commands.deviceGetRegionIoFds, exactly(sizes.regionIoFds, regionIoFds)],
  [commands.deviceGetIrqInfo, exactly(sizes.irqInfo, irqInfo)],
  [commands.deviceSetIrqs, { least: sizes.irqSet, most: limits.message, handle: setIrqs }],
  [commands.regionRead, exactly(sizes.access, regionRead)],
  [commands.regionWrite, { least: sizes.access, most: limits.message, handle: regionWrite }],
  [commands.deviceReset, exactly(0, deviceReset)],
  [commands.deviceFeature, refuse(errnos.ENOTTY)],
]);

/** Does a command and gives its reply; an errno refuses it: EINVAL where its size is not what it needs, ENOSYS of one that is not had. */
export function obey(session: Session, header: Header, message: Uint8Array): Uint8Array | Errno {
  const command = handlers.get(header.command);
  if (command === undefined) return errnos.ENOSYS;
  const size = message.length - headerSize;
  return size < command.least || size > command.most ? errnos.EINVAL : command.handle(session, header, payloadOf(message));
}
