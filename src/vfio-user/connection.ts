// One client of a served function: its messages in the order they come, the version first, and interrupts on their way to it. No socket: bytes come in pieces and
// go out by a function.

import type { DmaRange, InterruptSink, InterruptWrite, ServedFunction } from "./contract.ts";
import { createDmaRanges } from "./dma-ranges.ts";
import type { Session } from "./handlers.ts";
import { obey } from "./handlers.ts";
import { negotiate, versionReply } from "./version.ts";
import type { Header } from "./wire.ts";
import { commands, createFramer, dmaWriteMessage, errnos, errorMessage, headerOf, headerSize, limits } from "./wire.ts";

/** Where the connection stands: whoever has the socket, or a test. */
export interface ConnectionPeer {
  /** Takes a message for the client; false: the client does not take what is sent, so that no command is done until resume(). */
  write(message: Uint8Array): boolean;
  /** Before each access and reset: lets pass what has passed. */
  beforeAccess(): void;
  /** Where interrupts go from now on; null: nowhere, the client is gone. */
  attach(sink: InterruptSink | null): void;
}

/** What a connection has done, for a report. */
export interface ConnectionCounts {
  messages: number;
  /** Commands answered with an error. */
  refused: number;
  interrupts: number;
  /** Interrupts that the client refused, or did not take. */
  lostInterrupts: number;
}

export interface Connection {
  /** Takes bytes of the client, in pieces of any size, and does what has come whole. The bytes are not changed afterwards. */
  receive(bytes: Uint8Array): void;
  /** The client takes bytes again: goes on where write() said false. */
  resume(): void;
  /** The client is gone, or is to go. Twice does no harm. */
  end(): void;
  /** Commands wait for resume(). */
  readonly isBlocked: boolean;
  /** Null while it lives; otherwise why it ended, in words: nothing is taken any more, and the socket is to be closed behind what was written. */
  readonly ended: string | null;
  /** Memory of the client, as it said. */
  readonly ranges: readonly DmaRange[];
  readonly counts: Readonly<ConnectionCounts>;
}

const idEnd = 0x1_0000;

/** Serves a client that has just come. It is told to the function, and gets interrupts, once the version is agreed. */
export function createConnection(served: ServedFunction, peer: ConnectionPeer): Connection {
  const framer = createFramer();
  const ranges = createDmaRanges();
  const counts: ConnectionCounts = { messages: 0, refused: 0, interrupts: 0, lostInterrupts: 0 };
  /** Ids of interrupts that wait for their reply. */
  const waiting = new Set<number>();
  let nextId = 0;
  let session: Session | null = null;
  let isBlocked = false;
  let ended: string | null = null;

  const write = (message: Uint8Array): void => {
    if (!peer.write(message)) isBlocked = true;
  };
  const refuse = (header: Header, errno: number): void => {
    counts.refused++;
    if (header.isReplyWanted) write(errorMessage(header, errno));
  };

  /** The client's memory may be written wherever it says; whether an address is memory or its interrupt controller is the client's to know, so ranges are not asked. */
  function send({ address, data }: InterruptWrite): boolean {
    if (ended !== null || waiting.size >= limits.interrupts) {
      counts.lostInterrupts++;
      return false;
    }
    while (waiting.has(nextId)) nextId = (nextId + 1) % idEnd;
    waiting.add(nextId);
    counts.interrupts++;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, data, true);
    write(dmaWriteMessage(nextId, address, bytes));
    nextId = (nextId + 1) % idEnd;
    return true;
  }

  function end(reason: string): void {
    if (ended !== null) return;
    ended = reason;
    waiting.clear();
    ranges.clear();
    if (session === null) return;
    session = null;
    peer.attach(null);
    peer.beforeAccess();
    served.connected(false);
  }

  function agree(header: Header, message: Uint8Array): void {
    const agreement = negotiate(message.subarray(headerSize));
    if (typeof agreement === "number") {
      refuse(header, agreement);
      end("no version of the protocol is common to both");
      return;
    }
    session = { served, ranges, data: agreement.data, beforeAccess: () => peer.beforeAccess() };
    peer.beforeAccess();
    served.connected(true);
    if (header.isReplyWanted) write(versionReply(header, agreement));
    // Behind the reply: a client takes nothing else before it.
    peer.attach({ send });
  }

  function command(header: Header, message: Uint8Array): void {
    const isVersion = header.command === commands.version;
    if (session === null && isVersion) {
      agree(header, message);
      return;
    }
    const reply = session === null || isVersion ? errnos.EINVAL : obey(session, header, message);
    if (typeof reply === "number") refuse(header, reply);
    else if (header.isReplyWanted) write(reply);
  }

  function take(message: Uint8Array): void {
    const header = headerOf(message);
    counts.messages++;
    if (header.type === "command") command(header, message);
    else if (header.type === "unknown") refuse(header, errnos.EINVAL);
    // A reply that nobody waits for changes nothing.
    else if (waiting.delete(header.id) && header.isError) counts.lostInterrupts++;
  }

  function run(): void {
    for (;;) {
      if (ended !== null || isBlocked) return;
      const message = framer.next();
      if (message === null) return;
      if (message !== "broken") {
        take(message);
        continue;
      }
      const header = framer.head();
      if (header?.type === "command") refuse(header, errnos.EINVAL);
      end(`a message of ${header?.size ?? 0} bytes came; one has ${headerSize} to ${limits.message}`);
    }
  }

  return {
    receive(bytes) {
      if (ended !== null) return;
      framer.push(bytes);
      run();
    },
    resume() {
      isBlocked = false;
      run();
    },
    end: () => end("the client is gone"),
    get isBlocked() {
      return isBlocked;
    },
    get ended() {
      return ended;
    },
    get ranges() {
      return ranges.all;
    },
    counts,
  };
}
