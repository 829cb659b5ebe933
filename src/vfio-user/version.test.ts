import { describe, expect, it } from "vitest";
import { qemuCapabilities, versionCommand } from "../../test/support/vfio-client.ts";
import { negotiate } from "./version.ts";
import { errnos, headerSize, limits } from "./wire.ts";

const answerTo = (...command: Parameters<typeof versionCommand> extends [number, ...infer Rest] ? Rest : never): unknown => {
  const agreement = negotiate(versionCommand(1, ...command).subarray(headerSize));
  if (typeof agreement === "number") return agreement;
  const view = new DataView(agreement.payload.buffer);
  const text = new TextDecoder().decode(agreement.payload.subarray(4));
  return { major: view.getUint16(0, true), minor: view.getUint16(2, true), text, data: agreement.data };
};
const proposal = (capabilities: unknown): string => `${JSON.stringify({ capabilities })}\0`;

describe("the version", () => {
  it("QEMU's proposal is answered with what both have, smaller than the proposal", () => {
    expect(answerTo()).toEqual({ major: 0, minor: 0, text: `{"capabilities":{"max_msg_fds":1,"max_data_xfer_size":1048576,"max_dma_maps":256,"pgsizes":4096}}\0`, data: limits.data });
    const agreement = negotiate(versionCommand(1).subarray(headerSize));
    expect(typeof agreement === "number" ? 0 : agreement.payload.length).toBeLessThan(JSON.stringify(qemuCapabilities).length);
  });

  it("the minor version is the client's, at most 1; another major is refused", () => {
    expect(answerTo(null, 0, 1)).toMatchObject({ minor: 1 });
    expect(answerTo(null, 0, 9)).toMatchObject({ minor: 1 });
    expect(answerTo(null, 1, 0)).toBe(errnos.EINVAL);
  });

  it("a client without capabilities gets none, and the protocol's limits hold", () => {
    expect(answerTo(null)).toEqual({ major: 0, minor: 0, text: "", data: limits.data });
    expect(answerTo("{}\0")).toMatchObject({ text: `{"capabilities":{}}\0`, data: limits.data });
    expect(answerTo(proposal({ twin_socket: { supported: true }, write_multiple: true }))).toMatchObject({ text: `{"capabilities":{}}\0` });
  });

  it("a client's smaller limits are agreed to", () => {
    expect(answerTo(proposal({ max_data_xfer_size: 64, max_dma_maps: 3, max_msg_fds: 0, pgsizes: 65_536 }))).toEqual({
      major: 0, minor: 0, text: `{"capabilities":{"max_msg_fds":0,"max_data_xfer_size":64,"max_dma_maps":3,"pgsizes":65536}}\0`, data: 64,
    });
    expect(answerTo(proposal({ pgsizes: 2 ** 60, max_data_xfer_size: 2 ** 60 }))).toMatchObject({ text: `{"capabilities":{"max_data_xfer_size":1048576}}\0` });
  });

  it.each([
    ["no NUL at the end", "{}"],
    ["no JSON", "{\0"],
    ["no object", "[]\0"],
    ["capabilities of another kind", `{"capabilities":[]}\0`],
    ["a limit that is no number", proposal({ max_data_xfer_size: "1" })],
    ["a negative limit", proposal({ max_dma_maps: -1 })],
    ["half a descriptor", proposal({ max_msg_fds: 0.5 })],
    ["JSON beyond what is read", proposal({ x: "x".repeat(limits.versionData) })],
    ["nesting without end", `${"[".repeat(10_000)}\0`],
  ])("%s is refused", (_, text) => {
    expect(answerTo(text)).toBe(errnos.EINVAL);
  });

  it("bytes that are no UTF-8, and less than two numbers, are refused", () => {
    expect(negotiate(Uint8Array.of(0, 0, 0, 0, 0xff, 0))).toBe(errnos.EINVAL);
    expect(negotiate(Uint8Array.of(0, 0, 0))).toBe(errnos.EINVAL);
  });
});
