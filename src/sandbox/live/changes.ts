// Which registers a record of the hardware changed by itself, without an access: by name, where the record's kind says it.

import type { TraceRecord } from "../../sim/trace.ts";
import { hardwareKinds } from "../../scenario/trace/words.ts";

type Kind = (typeof hardwareKinds)[number];

/** The "decoder" of a back-invalidate commit. */
const backInvalidate = 0xffff;
const isolationStatus = ["timeoutIsolation.status"];
const memoryStatus = ["memoryDeviceStatus.status"];
const mailboxOf = (isPrimary: boolean): string => (isPrimary ? "primaryMailbox" : "secondaryMailbox");

/** Registers of the record's part, by the kind of record. */
const changes: Readonly<Partial<Record<Kind, (record: TraceRecord) => readonly string[]>>> = {
  link: () => ["pcie.linkStatus", "pcie.slotStatus"],
  plug: () => ["pcie.slotStatus"],
  isolation: () => isolationStatus,
  "isolation cleared": () => isolationStatus,
  busy: () => isolationStatus,
  timeout: () => isolationStatus,
  commit: ({ b }) => (b === backInvalidate ? ["biDecoder.status"] : [`hdmDecoderDevice.control[${b}]`, `hdmDecoderPort.control[${b}]`]),
  ready: () => memoryStatus,
  media: ({ b }) => (b < 16 ? memoryStatus : []),
  ras: ({ e }) => (e === 1 ? ["ras.uncorrectableStatus", "ras.control"] : ["ras.correctableStatus"]),
  contained: () => ["dpc.status", "dpc.source"],
  command: ({ f }) => [`${mailboxOf(f === 1)}.control`, `${mailboxOf(f === 1)}.status`],
  background: () => ["primaryMailbox.background", "primaryMailbox.status"],
  event: () => ["deviceStatus.eventStatus"],
  "error message": () => ["aer.rootErrorStatus", "aer.errorSource"],
};

/** Labels of the registers that a record of the hardware layer changed; of several kinds of parts, of which its part has one. */
export function changedRegisters(record: TraceRecord): readonly string[] {
  const kind = hardwareKinds[record.kind];
  return (kind === undefined ? undefined : changes[kind])?.(record) ?? [];
}

/** A reset changes every register of a part that no S in its access kind spares. */
export const isReset = ({ kind }: TraceRecord): boolean => hardwareKinds[kind] === "reset";

/** Bits that a fault forced, corrupted or let go: space and offset of their dword; undefined: another record. */
export function disturbedPlace({ kind, b }: TraceRecord): { readonly space: "component" | "config" | "device"; readonly offset: number } | undefined {
  if (hardwareKinds[kind] !== "register") return undefined;
  return { space: b >= 0x8000_0000 ? "config" : b >= 0x4000_0000 ? "device" : "component", offset: b & 0x3fff_ffff };
}
