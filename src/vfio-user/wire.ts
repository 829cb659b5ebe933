// The vfio-user protocol as bytes: header, commands, limits, the fixed parts of each message (QEMU docs/interop/vfio-user.rst, protocol 0.1; little endian).
// What a field means to a device is connection.ts's.

/** Commands by number; the server answers those with a handler in connection.ts. */
export const commands = {
  version: 1,
  dmaMap: 2,
  dmaUnmap: 3,
  deviceGetInfo: 4,
  deviceGetRegionInfo: 5,
  deviceGetRegionIoFds: 6,
  deviceGetIrqInfo: 7,
  deviceSetIrqs: 8,
  regionRead: 9,
  regionWrite: 10,
  dmaRead: 11,
  dmaWrite: 12,
  deviceReset: 13,
  dirtyPages: 14,
  regionWriteMulti: 15,
  deviceFeature: 16,
  migrationDataRead: 17,
  migrationDataWrite: 18,
} as const;

/** Numbers of Linux's errno that replies carry. */
export const errnos = { ENOENT: 2, EBUSY: 16, EEXIST: 17, EINVAL: 22, ENOTTY: 25, ENOSPC: 28, ENOSYS: 38, EOPNOTSUPP: 95 } as const;
export type Errno = (typeof errnos)[keyof typeof errnos];

export const limits = {
  /** Bytes of data that one message reads or writes: what a client may take for granted that was told nothing (`max_data_xfer_size`). */
  data: 1024 * 1024,
  /** Bytes of a whole message: as much data, the fixed part of an access, the header. */
  message: 1024 * 1024 + 32,
  /** Bytes of the version's JSON with its NUL; QEMU sends about 200. */
  versionData: 16 * 1024,
  dmaRanges: 256,
  /** Interrupts sent and not yet answered; further ones are lost. */
  interrupts: 256,
} as const;

export const headerSize = 16;
/** Bytes behind the header, of requests and of replies, without data. */
export const sizes = {
  version: 4,
  dmaMap: 32,
  dmaUnmap: 24,
  deviceInfo: 16,
  regionInfo: 32,
  regionIoFds: 16,
  irqInfo: 16,
  irqSet: 20,
  access: 16,
  dmaAccess: 16,
} as const;

const typeMask = 0xf;
const typeReply = 1;
const noReply = 0x10;
const errorFlag = 0x20;

export interface Header {
  /** The sender's own; 16 bits. */
  readonly id: number;
  readonly command: number;
  /** Bytes of the whole message, as stated. */
  readonly size: number;
  readonly type: "command" | "reply" | "unknown";
  readonly isReplyWanted: boolean;
  readonly isError: boolean;
  /** Linux's errno of a reply with an error; 0: not said which. */
  readonly errno: number;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The header of `message`, which has at least its 16 bytes. */
export function headerOf(message: Uint8Array): Header {
  const view = viewOf(message);
  const flags = view.getUint32(8, true);
  const type = flags & typeMask;
  return {
    id: view.getUint16(0, true),
    command: view.getUint16(2, true),
    size: view.getUint32(4, true),
    type: type === 0 ? "command" : type === typeReply ? "reply" : "unknown",
    isReplyWanted: (flags & noReply) === 0,
    isError: (flags & errorFlag) !== 0,
    errno: view.getUint32(12, true),
  };
}

/** What follows the header, to be read field by field. */
export const payloadOf = (message: Uint8Array): DataView => new DataView(message.buffer, message.byteOffset + headerSize, message.byteLength - headerSize);

function messageOf(id: number, command: number, flags: number, errno: number, size: number): Uint8Array {
  const message = new Uint8Array(headerSize + size);
  const view = viewOf(message);
  view.setUint16(0, id, true);
  view.setUint16(2, command, true);
  view.setUint32(4, message.length, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, errno, true);
  return message;
}

/** A command with `size` bytes of zero behind its header, to be filled through payloadOf. */
export const commandMessage = (id: number, command: number, size: number, isReplyWanted = true): Uint8Array => messageOf(id, command, isReplyWanted ? 0 : noReply, 0, size);

/** The reply to `request` with `size` bytes of zero behind its header. */
export const replyMessage = (request: Pick<Header, "id" | "command">, size: number): Uint8Array => messageOf(request.id, request.command, typeReply, 0, size);

/** The reply that refuses `request`: a header alone. */
export const errorMessage = (request: Pick<Header, "id" | "command">, errno: number): Uint8Array => messageOf(request.id, request.command, typeReply | errorFlag, errno, 0);

/** A write to the client's memory: DMA_WRITE with a 64-bit count, as the specification has it (QEMU's first client, of 10.1, took 32 bits and the data right behind them). */
export function dmaWriteMessage(id: number, address: bigint, data: Uint8Array): Uint8Array {
  const message = commandMessage(id, commands.dmaWrite, sizes.dmaAccess + data.length);
  const payload = payloadOf(message);
  payload.setBigUint64(0, address, true);
  payload.setBigUint64(8, BigInt(data.length), true);
  message.set(data, headerSize + sizes.dmaAccess);
  return message;
}

/** Where an access goes: the fixed part of REGION_READ and REGION_WRITE, both ways. */
export interface AccessFields {
  readonly offset: bigint;
  readonly region: number;
  /** Bytes. */
  readonly count: number;
}

export const accessOf = (payload: DataView): AccessFields => ({ offset: payload.getBigUint64(0, true), region: payload.getUint32(8, true), count: payload.getUint32(12, true) });

export function setAccess(payload: DataView, { offset, region, count }: AccessFields): void {
  payload.setBigUint64(0, offset, true);
  payload.setUint32(8, region, true);
  payload.setUint32(12, count, true);
}

/** Cuts a stream of bytes into messages. It holds what has come and is not yet taken, and no more. */
export interface Framer {
  /** Takes further bytes, which the caller does not change afterwards. */
  push(bytes: Uint8Array): void;
  /** The next whole message; null: it has not come whole; "broken": its stated size is below a header's or above the limit, and nothing can follow. The bytes stay valid until the next push. */
  next(): Uint8Array | null | "broken";
  /** The header of the message that is broken, so that it can be refused by its id. */
  head(): Header | null;
  /** Bytes held. */
  readonly held: number;
}

export function createFramer(): Framer {
  let store: Uint8Array = new Uint8Array(0);
  let start = 0;
  let end = 0;
  // Bytes of the caller are looked at where they are, and copied only where a message is incomplete when more come.
  let isOwn = false;
  const held = (): number => end - start;
  return {
    push(bytes) {
      if (held() === 0) {
        store = bytes;
        start = 0;
        end = bytes.length;
        isOwn = false;
        return;
      }
      if (!isOwn || end + bytes.length > store.length) {
        // Twice as much as needed: a message that comes byte by byte is copied a few times, not once a byte.
        const larger = new Uint8Array((held() + bytes.length) * 2);
        larger.set(store.subarray(start, end));
        end -= start;
        start = 0;
        store = larger;
        isOwn = true;
      }
      store.set(bytes, end);
      end += bytes.length;
    },
    next() {
      if (held() < headerSize) return null;
      const size = new DataView(store.buffer, store.byteOffset + start, headerSize).getUint32(4, true);
      if (size < headerSize || size > limits.message) return "broken";
      if (held() < size) return null;
      const message = store.subarray(start, start + size);
      start += size;
      if (start === end) {
        store = new Uint8Array(0);
        start = 0;
        end = 0;
      }
      return message;
    },
    head: () => (held() < headerSize ? null : headerOf(store.subarray(start, end))),
    get held() {
      return held();
    },
  };
}
