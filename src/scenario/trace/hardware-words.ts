// Records of the hardware layer in words. Every argument is in them: records whose digests differ have other words.

import { ras } from "../../../registers/ras-link.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import { formatPciAddress } from "../../platform/pci-address.ts";
import { spaces } from "../../platform/register-places.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { codeName, commandName, count64, hex, logName, many, named, none, partName, requester, statuses, wide } from "./names.ts";
import type { TraceNames } from "./names.ts";
import type { RegisterWords } from "./register-words.ts";
import { fieldsIn } from "./register-words.ts";

/** Kinds of records in words, by number; assembly/trace/ring.ts has the numbers. */
export const hardwareKinds = [
  "", "link", "isolation", "isolation cleared", "violation", "busy", "interrupt", "interrupt lost", "commit", "reset", "timeout", "dropped", "poison", "stall", "host", "refused", "probe", "plug", "ready",
  "error message", "limit", "account", "unmodelled", "ras", "contained", "media", "register", "reserved", "command", "background", "event",
  "write back", "caches invalidated",
] as const;

/** What probes do, by number; src/hardware/probes.ts has them. */
export const probeActions = [
  "", "linkDown", "linkUp", "neverRetrain", "dropResponse", "delayResponse", "loseInterrupt", "plug", "unplug", "flapLink", "cacheTimeout", "duplicateInterrupt", "delayInterrupt", "uncorrectableError", "correctableError", "poison",
  "clearPoison", "mediaState", "stuckRegister", "releaseRegister", "corruptRegister", "refuseCommit", "neverCommit", "lateCommit", "resetDevice", "injectEvent", "mailboxFault", "deviceStatus", "endBackground", "breakFirmwareTransfer",
  "changeHealth", "writeRegister",
] as const;

const links = ["down", "training", "up"] as const;
const halves = ["CXL.mem", "CXL.cache"] as const;
const resets = ["cold", "hot", "function", "CXL"] as const;
const hosts = ["running", "reset", "hung"] as const;
const messages = ["ERR_COR", "ERR_NONFATAL", "ERR_FATAL"] as const;
const reasons = ["its own uncorrectable error", "ERR_NONFATAL", "ERR_FATAL", "another cause"] as const;
const mediaStates = ["not ready", "ready", "error", "disabled"] as const;
const deliveries = ["", ", sent twice", ", late"] as const;
const commits = ["refused", "committed", "decommitted"] as const;
const limits = ["", "interrupts queued", "media pages", "completions queued", "disturbances of interrupts", "late interrupts", "stuck registers", "mailbox faults"] as const;
const violations = ["", "Isolation Enable changed while requests are outstanding", "isolation cleared while Root Port Busy is set", "isolation cleared and the link was never down"] as const;
const refusals: Readonly<Record<number, string>> = { 1: "wrong width or alignment", 7: "a commit is under way", 8: "the register is locked", 9: "the decoder is locked" };

const { control, status } = timeoutIsolation.registers;
const { uncorrectableStatus, correctableStatus } = ras.registers;
/** The "decoder" of a back-invalidate commit. */
const backInvalidate = 0xffff;

type Says = (record: TraceRecord, names: TraceNames, registers: RegisterWords) => string;

function refused({ b, c, e, f }: TraceRecord): string {
  const why = refusals[e] ?? `reason ${e}`;
  return e === 7 || e === 9 ? `decoder ${b}, control ${hex(c)}: ${why}` : `${many(f, "byte")} at ${hex(b)}, value ${hex(c)}: ${why}`;
}

function media({ b, c, d, e }: TraceRecord): string {
  if (b < 16) return named(mediaStates, b, "state");
  return `${b === 16 ? "poison" : b === 17 ? "poison cleared" : `kind ${b}`} at ${wide(c, d)}, ${many(e, "line")}`;
}

/** What a probe did to bits of a register: place with its space in the upper bits. */
const disturbed: Says = ({ a, b, c, e, f }, _names, registers) => {
  const space = b >= 0x8000_0000 ? "config" : b >= 0x4000_0000 ? "device" : "component";
  return `${registers.nameAt(a, space, b & 0x3fff_ffff, 4)} ${f === 18 ? "stuck" : f === 19 ? "released" : f === 20 ? "corrupted" : `action ${f}`}: bits ${hex(c)}, value ${hex(e)}`;
};

const errorName = (bit: number, isUncorrectable: boolean): string => {
  const fields = Object.entries((isUncorrectable ? uncorrectableStatus : correctableStatus).fields);
  return fields.find(([, { bits }]) => bits === bit)?.[0] ?? `bit ${bit}`;
};

const says: Readonly<Partial<Record<(typeof hardwareKinds)[number], Says>>> = {
  link: ({ b, e }) => `${named(links, b, "state")}${b === 0 ? (e === 0 ? ", it was not up" : ", it was up") : ""}`,
  isolation: ({ b, c, d, e, f }) => `of ${named(halves, b >>> 1, "half")} by ${b % 2 === 1 ? "link down" : "timeout"}, ${many(count64(c, d), "request")} outstanding, status ${fieldsIn(status, e)}, control ${fieldsIn(control, f)}`,
  "isolation cleared": ({ b, c, e }) => `of ${named(halves, c, "half")}, link ${named(links, b, "state")}, status was ${fieldsIn(status, e)}`,
  violation: ({ b, c, d, e }) => `${named(violations, b, "rule")}: ${many(count64(c, d), "request")} outstanding, register was ${hex(e)}`,
  busy: ({ b }) => (b === 0 ? "no longer" : ""),
  interrupt: ({ b, c, e }) => `message ${b}, data ${hex(c)}${named(deliveries, e, ", delivery")}`,
  "interrupt lost": ({ b }) => `message ${b}`,
  commit: ({ b, c, d, e, f }) => (b === backInvalidate ? "back-invalidate committed" : `decoder ${b} ${named(commits, e, "result")}, base ${wide(c, d)}, control ${hex(f)}`),
  reset: ({ b, e }) => `${named(resets, e, "kind")}${b === 0 ? "" : `, number ${b}`}`,
  timeout: ({ b }) => `of ${named(halves, b, "half")}`,
  dropped: ({ b, c, d }) => `write to ${wide(c, d)} by ${requester(b)}`,
  poison: ({ b, c, d }) => `read of ${wide(c, d)} by ${requester(b)}`,
  stall: ({ b, c, d, e }) => `${e === 0 ? "read of" : `${many(e, "byte")} to`} ${wide(c, d)} by ${requester(b)} wait for a free entry`,
  host: ({ b, c }) => `${named(hosts, b, "state")}${b === 0 ? (c === 0 ? " after a cold reset" : " after a warm reset") : ""}`,
  refused: (record) => refused(record),
  probe: ({ b, c, e, f }) => `${b} acts: ${named(probeActions, e, "action")}, time ${c}, argument ${hex(f)}`,
  plug: ({ b }, names) => (b === none ? "the slot is empty" : partName(names, b)),
  ready: () => "",
  "error message": ({ b, c }) => `${named(messages, b, "message")} from ${formatPciAddress(c)}`,
  limit: ({ b, c, d, e }) => `out of ${named(limits, b, "limit")}${c === 0 && d === 0 && e === 0 ? "" : ` at ${wide(c, d)} (${hex(e)})`}`,
  account: ({ b, c, e }) => `${many(b, "read")}, ${many(c, "write")}, ${e} dropped`,
  unmodelled: ({ b, c }) => `bits ${hex(c)} at ${hex(b)} changed, without effect in the model`,
  ras: ({ b, c, e }) => (e === 1 ? `uncorrectable ${errorName(b, true)}, ${c === 0 ? "not fatal" : "fatal"}` : `correctable ${errorName(b, false)}`),
  contained: ({ b, c, e }) => `by ${b === 3 && e === 1 ? "software" : named(reasons, b, "reason")}${c === 0 ? "" : ` from ${formatPciAddress(c)}`}`,
  media: (record) => media(record),
  register: disturbed,
  reserved: ({ a, b, c, e }, _names, registers) => `bits ${hex(c)} written to ${registers.nameAt(a, spaces[e], b, 4)} that no field names`,
  command: ({ b, c, e, f }) => `${commandName(b)}: ${e === 0xffff ? "never ends" : `${codeName(e)}, ${many(c, "byte")}`}${f === 1 ? "" : ", secondary mailbox"}`,
  background: ({ b, c, d, e, f }) => (f === 0 ? `${commandName(b)} began, ends at ${count64(c, d)} ns` : `${commandName(b)} ended: ${codeName(e)}`),
  event: ({ b, c, e, f }) => (f === 1 ? `${logName(b)} log is full, ${e} lost` : `record ${c} in the ${logName(b)} log`),
  "write back": ({ b, c, d }) => `line ${wide(c, d)}: ${named(statuses, b, "status")}`,
  "caches invalidated": ({ b, c, d, e }) => `${many(e, "line")} from ${wide(c, d)} on, ${b} dirty`,
};

/** What a record of the hardware layer says. */
export function hardwareWords(record: TraceRecord, names: TraceNames, registers: RegisterWords): string {
  const { kind, a, b, c, d, e, f } = record;
  const name = hardwareKinds[kind];
  const rule = name === undefined ? undefined : says[name];
  const part = a === none ? "" : `${partName(names, a)}: `;
  if (name === undefined || rule === undefined) return `${part}kind ${kind} ${[b, c, d, e, f].map(hex).join(" ")}`;
  return `${part}${name} ${rule(record, names, registers)}`.trimEnd();
}
