// Back-invalidate: BI Route Table (id 0xB, CXL 3.2 8.2.4.26) of upstream ports, BI Decoder (id 0xC, 8.2.4.27) of ports and devices.

import type { StructureDeclaration } from "./schema.ts";

const scales = { 0: "1 us", 1: "10 us", 2: "100 us", 3: "1 ms", 4: "10 ms", 5: "100 ms", 6: "1 s", 7: "10 s" } as const;

const status = (clause: string) => ({
  offset: 0x08, width: 32, clause, meaning: "Result of the commit",
  fields: {
    committed: { bits: 0, access: "RO", meaning: "Committed" },
    errorNotCommitted: { bits: 1, access: "RO", meaning: "The commit failed" },
    timeoutScale: { bits: [11, 8], access: "RO", reset: 6, meaning: "Unit of the longest commit", values: scales },
    timeoutBase: { bits: [15, 12], access: "RO", reset: 2, meaning: "Longest commit in units" },
  },
} as const);

export const biRouteTable = {
  name: "biRouteTable", clause: "8.2.4.26", length: 0x0c, identity: { list: "component", id: 0x0b, version: 1 }, widths: [4],
  registers: {
    capability: { offset: 0x00, width: 32, clause: "8.2.4.26.1", meaning: "What the table can do", fields: { explicitCommitRequired: { bits: 0, access: "RO", reset: 1, meaning: "Changes want a commit" } } },
    control: { offset: 0x04, width: 32, clause: "8.2.4.26.2", meaning: "Commit", onWrite: "biRouteControl", fields: { commit: { bits: 0, access: "RW", meaning: "0 to 1 starts a commit" } } },
    status: status("8.2.4.26.3"),
  },
} as const satisfies StructureDeclaration;

/** Downstream ports want an explicit commit; devices and root ports need none (the bit is reserved there). */
const biDecoder = (kind: "root port" | "downstream port" | "device") => {
  const commits = kind === "downstream port";
  return {
    name: "biDecoder", clause: "8.2.4.27", length: 0x0c, identity: { list: "component", id: 0x0c, version: 1 }, widths: [4],
    registers: {
      capability: { offset: 0x00, width: 32, clause: "8.2.4.27.1", meaning: "What the decoder can do", fields: { hdmDCapable: { bits: 0, access: "RO", reset: 0, meaning: "Device can do HDM-D" }, explicitCommitRequired: { bits: 1, access: "RO", reset: commits ? 1 : 0, meaning: "Changes want a commit" } } },
      control: {
        offset: 0x04, width: 32, clause: "8.2.4.27.2", meaning: "Control", onWrite: "biDecoderControl",
        fields: {
          forward: { bits: 0, access: kind === "device" ? "RO" : "RW", meaning: "Port forwards back-invalidates" },
          enable: { bits: 1, access: "RW", meaning: "Back-invalidates are used" },
          commit: { bits: 2, access: "RW", when: "capability.explicitCommitRequired", meaning: "0 to 1 starts a commit" },
        },
      },
      status: status("8.2.4.27.3"),
    },
  } as const satisfies StructureDeclaration;
};

export const biDecoderRootPort = biDecoder("root port");
export const biDecoderDownstreamPort = biDecoder("downstream port");
export const biDecoderDevice = biDecoder("device");
