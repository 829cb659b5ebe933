// A client at a real unix socket.

import { createConnection } from "node:net";
import { once } from "node:events";
import type { Received } from "./vfio-client.ts";
import { received, versionCommand } from "./vfio-client.ts";

export interface LiveClient {
  /** Sends messages and gives the next `count` that come, as many as were sent without it. */
  ask(messages: readonly Uint8Array[], count?: number): Promise<Received[]>;
  send(bytes: Uint8Array): void;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Gone at once. */
  drop(): Promise<void>;
  /** The server has ended it. */
  readonly ended: Promise<unknown>;
}

export async function liveClient(path: string, isAgreed = true): Promise<LiveClient> {
  const socket = createConnection({ path });
  // Reset or broken pipe: the server has ended it, which `ended` tells.
  socket.on("error", () => {});
  const ended = once(socket, "close");
  await Promise.race([once(socket, "connect"), ended]);
  let bytes = Buffer.alloc(0);
  let wake = (): void => {};
  socket.on("data", (piece: Buffer) => {
    bytes = Buffer.concat([bytes, piece]);
    wake();
  });
  void ended.then(() => wake());
  /** Takes whole messages off the front, as many as there are and `count` at most. */
  const take = (count: number): Received[] => {
    const messages: Received[] = [];
    while (messages.length < count && bytes.length >= 16 && bytes.length >= bytes.readUInt32LE(4)) {
      const size = bytes.readUInt32LE(4);
      messages.push(...received([bytes.subarray(0, size)]));
      bytes = bytes.subarray(size);
    }
    return messages;
  };
  const client: LiveClient = {
    async ask(messages, count = messages.length) {
      for (const message of messages) socket.write(message);
      const answers = take(count);
      while (answers.length < count && !socket.destroyed) {
        await new Promise<void>((resolve) => (wake = resolve));
        answers.push(...take(count - answers.length));
      }
      return answers;
    },
    send: (piece) => void socket.write(piece),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    drop: async () => {
      socket.destroy();
      await ended;
    },
    ended,
  };
  if (isAgreed) await client.ask([versionCommand(0)]);
  return client;
}
