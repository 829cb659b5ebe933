import { describe, expect, it } from "vitest";
import { joined } from "../../test/support/vfio-client.ts";
import { commandMessage, commands, createFramer, dmaWriteMessage, errnos, errorMessage, headerOf, limits, replyMessage } from "./wire.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** Fields of a message, apart for whoever reads it. */
const spaced = (fields: string): string => fields.replaceAll(" ", "");
/** A header alone that states a size. */
function headerStating(size: number): Uint8Array {
  const message = commandMessage(7, commands.deviceReset, 0);
  new DataView(message.buffer).setUint32(4, size, true);
  return message;
}

describe("messages as bytes", () => {
  it("a header is id, command, size, flags and error, little endian", () => {
    expect(hex(commandMessage(0x1234, commands.regionRead, 2))).toBe(spaced("3412 0900 12000000 00000000 00000000 0000"));
    expect(hex(commandMessage(1, commands.regionWrite, 0, false))).toBe(spaced("0100 0a00 10000000 10000000 00000000"));
    expect(hex(replyMessage({ id: 0xffff, command: commands.deviceReset }, 0))).toBe(spaced("ffff 0d00 10000000 01000000 00000000"));
    expect(hex(errorMessage({ id: 2, command: commands.dmaMap }, errnos.EEXIST))).toBe(spaced("0200 0200 10000000 21000000 11000000"));
  });

  it("a header says what it is by its flags alone, whatever is reserved", () => {
    const message = commandMessage(3, 99, 0);
    const flagged = (flags: number): ReturnType<typeof headerOf> => {
      new DataView(message.buffer).setUint32(8, flags, true);
      return headerOf(message);
    };
    expect(flagged(0)).toMatchObject({ id: 3, command: 99, size: 16, type: "command", isReplyWanted: true, isError: false });
    expect(flagged(0xffff_ff30)).toMatchObject({ type: "command", isReplyWanted: false, isError: true });
    expect(flagged(0x21)).toMatchObject({ type: "reply", isError: true });
    expect(flagged(2).type).toBe("unknown");
  });

  it("a write to the client's memory has a 64-bit address, a 64-bit count and the data", () => {
    expect(hex(dmaWriteMessage(5, 0xfee0_1000n, Uint8Array.of(0x41, 0, 0, 0)))).toBe(spaced("0500 0c00 24000000 00000000 00000000 0010e0fe00000000 0400000000000000 41000000"));
  });
});

describe("a stream cut into messages", () => {
  const three = [commandMessage(1, 9, 16), commandMessage(2, 13, 0), commandMessage(3, 10, 4000)];
  const stream = joined(...three);

  it.each([1, 2, 3, 15, 16, 17, 33, 1000, stream.length])("pieces of %i bytes give the same messages", (length) => {
    const framer = createFramer();
    const messages: string[] = [];
    for (let at = 0; at < stream.length; at += length) {
      framer.push(stream.slice(at, at + length));
      for (let message = framer.next(); message !== null; message = framer.next()) messages.push(message === "broken" ? message : hex(message));
    }
    expect(messages).toEqual(three.map(hex));
    expect(framer.held).toBe(0);
  });

  it("it holds no more than what has come, however much is announced", () => {
    const framer = createFramer();
    framer.push(headerStating(limits.message));
    expect(framer.next()).toBeNull();
    expect(framer.held).toBe(16);
  });

  it("a size below a header's or above the limit breaks the stream, and the header is there to be answered", () => {
    for (const size of [0, 15, limits.message + 1, 0xffff_ffff]) {
      const framer = createFramer();
      framer.push(headerStating(size));
      expect(framer.next()).toBe("broken");
      expect(framer.head()).toMatchObject({ id: 7, size });
    }
    const framer = createFramer();
    framer.push(joined(headerStating(limits.message), new Uint8Array(limits.message - 16)));
    expect(framer.next()).toHaveLength(limits.message);
  });
});
