// The trace that a real kernel made of QEMU's events (capture 4-events), and the arguments that gave its records.

import { readFileSync } from "node:fs";
import type { InjectedEvent } from "../../src/platform/event-arguments.ts";
import type { EventValues } from "../../src/platform/events.ts";

export type Captured = Readonly<Record<string, string>>;

const kinds: Readonly<Record<string, InjectedEvent>> = { cxl_general_media: "generalMedia", cxl_dram: "dram", cxl_memory_module: "memoryModule" };

/** `key=value` and `key='a value'` of a trace line; bytes have spaces between them. */
const fieldsOf = (line: string): Captured => Object.fromEntries([...line.matchAll(/(\w+)=(?:'([^']*)'|((?:[0-9a-f]{2} )+[0-9a-f]{2}(?= |$)|\S*))/g)].map((match) => [match[1] ?? "", match[2] ?? match[3] ?? ""]));

/** Everything that a real kernel traced, line by line, without what stands before the event's name. */
export const capturedLines: readonly string[] = readFileSync(new URL("../fixtures/captures/linux/4-events/trace-full.txt", import.meta.url), "utf8").split("\n");

/** Its lines of event records, with their fields. */
export const capturedEvents: readonly { readonly kind: InjectedEvent; readonly fields: Captured; readonly text: string }[] = capturedLines.flatMap((line) => {
  const found = /: (cxl_\w+): (.*)$/.exec(line);
  const kind = kinds[found?.[1] ?? ""];
  return kind === undefined ? [] : [{ kind, fields: fieldsOf(line), text: found?.[2] ?? "" }];
});

export const memoryTypes = { generalMedia: ["ECC Error", "Invalid Address", "Data Path Error", "TE State Violation"], dram: ["ECC Error", "Scrub Media ECC Error", "Invalid Address", "Data Path Error"] } as const;
export const subTypes = ["Not Reported", "Internal Datapath Error", "Media Link Command Training Error"];
export const transactions = ["Unknown", "Host Read", "Host Write"];
export const flagNames = ["", "", "PERMANENT_CONDITION", "MAINTENANCE_NEEDED", "PERFORMANCE_DEGRADED", "HARDWARE_REPLACEMENT_NEEDED", "MAINT_OP_SUB_CLASS_VALID", "LD_ID_VALID", "HEAD_ID_VALID"];
export const descriptorNames = ["UNCORRECTABLE_EVENT", "THRESHOLD_EVENT", "POISON_LIST_OVERFLOW"];
export const thresholdNames = ["Corrected Memory Errors in Multiple Media Components", "Exceeded Programmable Threshold"];
export const validityNames = { generalMedia: ["CHANNEL", "RANK", "DEVICE", "COMPONENT"], dram: ["CHANNEL", "RANK", "NIBBLE", "BANK GROUP", "BANK", "ROW", "COLUMN", "CORRECTION MASK"] } as const;
export const healthNames = ["MAINTENANCE_NEEDED", "PERFORMANCE_DEGRADED"];

const bitsOf = (names: readonly string[], text: string): number => text.split(/ ?\| ?/).reduce((bits, name) => bits | (name === "" ? 0 : name.startsWith("0x") ? Number(name) : 1 << names.indexOf(name)), 0);
const number = (text: string | undefined, base = 10): number => Number.parseInt(text ?? "0", base);
const bytesOf = (text: string): number[] => (text === "" ? [] : text.split(" ")).map((byte) => Number.parseInt(byte, 16));
const wordsOf = (text: string): bigint[] => [0, 8, 16, 24].map((at) => bytesOf(text).slice(at, at + 8).reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n));
const trimmed = (text: string): string => String.fromCodePoint(...bytesOf(text).filter((byte) => byte !== 0));

/** The arguments that gave a captured record: what it says is valid, and what it always has. */
export function argumentsOf(kind: InjectedEvent, line: Captured): EventValues {
  const flags = bitsOf(flagNames, line["flags"] ?? "") & ~(1 << 6);
  const common = { flags, ...(line["maint_op_class"] === "0" ? {} : { "maint-op-class": number(line["maint_op_class"]), "maint-op-subclass": number(line["maint_op_sub_class"]) }) };
  if (kind === "memoryModule") return { ...common, type: 3, "sub-type": 3, "health-status": bitsOf(healthNames, line["health_status"] ?? ""), "media-status": 7, "additional-status": 0b10_0001, "life-used": number(line["life_used"]), temperature: number(line["device_temp"]), "dirty-shutdown-count": number(line["dirty_shutdown_cnt"]), "corrected-volatile-error-count": number(line["cor_vol_err_cnt"]), "corrected-persistent-error-count": number(line["cor_per_err_cnt"]) };
  if (kind === "memorySparing") throw new Error("no line of this kind was captured");
  const valid = (line["validity_flags"] ?? "").split("|");
  const given = (name: string, argument: string, value: EventValues[string]): EventValues => (valid.includes(name) ? { [argument]: value } : {});
  const count = number(line["cme_count"] ?? line["cvme_count"]);
  return {
    ...common, dpa: BigInt(`0x${line["dpa"]}`), descriptor: bitsOf(descriptorNames, line["descriptor"] ?? ""), type: (memoryTypes[kind] as readonly string[]).indexOf(line["type"] ?? ""), "transaction-type": transactions.indexOf(line["transaction_type"] ?? ""), "sub-type": subTypes.indexOf(line["sub_type"] ?? ""),
    ...given("CHANNEL", "channel", number(line["channel"])), ...given("RANK", "rank", number(line["rank"])), ...given("DEVICE", "device", number(line["device"], 16)), ...given("COMPONENT", "component-id", trimmed(line["comp_id"] ?? "")),
    ...given("NIBBLE", "nibble-mask", number(line["nibble_mask"], 16)), ...given("BANK GROUP", "bank-group", number(line["bank_group"])), ...given("BANK", "bank", number(line["bank"])), ...given("ROW", "row", number(line["row"])), ...given("COLUMN", "column", number(line["column"])), ...given("CORRECTION MASK", "correction-mask", wordsOf(line["cor_mask"] ?? "")),
    ...(line["cme_threshold_ev_flags"] === "" ? {} : { "cme-ev-flags": bitsOf(thresholdNames, line["cme_threshold_ev_flags"] ?? "") }), ...(count === 0 ? {} : { [kind === "dram" ? "cvme-count" : "cme-count"]: count }),
  };
}
