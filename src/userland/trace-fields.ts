// Events of the kernel's trace as their fields: names and order of the records that the format files of Linux 7.2 declare, values from the trace's
// text. What a record has and its text does not show (the header log of uncorrectable errors) is left out.

import {
  addressFlagNames, correctableNames, descriptorNames, dramTypes, dramValidity, generalMediaTypes, generalMediaValidity, healthNames, logNames, mediaStates, memorySubTypes, moduleSubTypes, moduleTypes, moduleValidity, poisonFlagNames,
  poisonSources, recordFlagNames, sparingFlagNames, sparingValidity, statusNames, thresholdNames, transactionTypes, uncorrectableNames,
} from "../kernel/trace/cxl-names.ts";
import type { FlagNames, SymbolNames } from "../kernel/trace/format.ts";
import type { Json } from "./json.ts";

type Decode = (text: string) => Json;
/** Name in the record, name in the text, how its text is read. */
type Field = readonly [name: string, key: string, decode: Decode];

const text: Decode = (value) => value;
const decimal: Decode = (value) => BigInt(/^-?\d+/.exec(value)?.[0] ?? 0);
const unsigned: Decode = (value) => BigInt.asUintN(64, decimal(value) as bigint);
const hexadecimal: Decode = (value) => BigInt(`0x${value.replace(/^0x/, "") || "0"}`);
const bytes: Decode = (value) => (value === "" ? [] : value.split(" ").map((byte) => Number.parseInt(byte, 16)));
const symbol = (names: SymbolNames): Decode => (value) => Number(Object.entries(names).find(([, name]) => name === value)?.[0] ?? hexadecimal(value));

const flags = (names: FlagNames): Decode => (value) => {
  const bits = Object.entries(names).map(([bit, name]) => ({ name, weight: 2 ** Number(bit) }));
  return value.split(/ *\| */).reduce((sum, part) => sum + (bits.find(({ name }) => name === part)?.weight ?? Number(part)), 0);
};

const same = (name: string, decode: Decode): Field => [name, name, decode];
const device: readonly Field[] = [same("memdev", text), same("host", text)];
const serial = same("serial", unsigned);
const log = same("log", symbol(logNames));

const record: readonly Field[] = [
  ...device, log, ["hdr_uuid", "uuid", text], serial, ["hdr_flags", "flags", flags(recordFlagNames)], ["hdr_handle", "handle", hexadecimal], ["hdr_related_handle", "related_handle", hexadecimal], ["hdr_timestamp", "time", decimal],
  ["hdr_length", "len", decimal], ["hdr_maint_op_class", "maint_op_class", decimal], ["hdr_maint_op_sub_class", "maint_op_sub_class", decimal], ["hdr_ld_id", "ld_id", hexadecimal], ["hdr_head_id", "head_id", hexadecimal],
];

const address = (types: SymbolNames): readonly Field[] => [same("dpa", hexadecimal), same("descriptor", flags(descriptorNames)), same("type", symbol(types)), same("transaction_type", symbol(transactionTypes)), same("channel", decimal)];
const place: readonly Field[] = [same("hpa", hexadecimal), same("hpa_alias0", hexadecimal), same("region_uuid", text)];
const dpaFlags = same("dpa_flags", flags(addressFlagNames));
const subType = same("sub_type", symbol(memorySubTypes));
const threshold = same("cme_threshold_ev_flags", flags(thresholdNames));
const regionName: Field = ["region_name", "region", text];
const nibbles = same("nibble_mask", hexadecimal);
const component = same("comp_id", bytes);

/** Fields behind the header. */
const bodies: Readonly<Record<string, readonly Field[]>> = {
  cxl_general_media: [...address(generalMediaTypes), same("device", hexadecimal), component, ...place, same("validity_flags", flags(generalMediaValidity)), same("rank", decimal), dpaFlags, same("cme_count", decimal), subType, threshold, regionName],
  cxl_dram: [
    ...address(dramTypes), same("validity_flags", flags(dramValidity)), same("column", decimal), nibbles, same("row", decimal), same("cor_mask", bytes), ...place, same("rank", decimal), same("bank_group", decimal), same("bank", decimal), dpaFlags,
    component, same("cvme_count", decimal), subType, same("sub_channel", decimal), threshold, regionName,
  ],
  cxl_memory_module: [
    same("event_type", symbol(moduleTypes)), same("health_status", flags(healthNames)), same("media_status", symbol(mediaStates)), same("life_used", decimal), same("dirty_shutdown_cnt", decimal), same("cor_vol_err_cnt", decimal),
    same("cor_per_err_cnt", decimal), same("device_temp", decimal), same("add_status", decimal), same("event_sub_type", symbol(moduleSubTypes)), component, same("validity_flags", flags(moduleValidity)),
  ],
  cxl_memory_sparing: [
    same("flags", flags(sparingFlagNames)), same("result", decimal), same("validity_flags", flags(sparingValidity)), ["res_avail", "avail", decimal], same("channel", decimal), same("rank", decimal), nibbles, same("bank_group", decimal), same("bank", decimal),
    same("row", decimal), same("column", decimal), same("sub_channel", decimal), component,
  ],
  cxl_generic_event: [same("data", bytes)],
};

const traceTypes: SymbolNames = { 0: "List", 1: "Inject", 2: "Clear" };
const status = (names: FlagNames): Field => same("status", flags(names));
const firstError = same("first_error", flags(uncorrectableNames));

/** Events that are no records of a log. */
const others: Readonly<Record<string, readonly Field[]>> = {
  cxl_overflow: [...device, log, serial, same("first_ts", decimal), same("last_ts", decimal), same("count", decimal)],
  cxl_poison: [
    ...device, serial, same("trace_type", symbol(traceTypes)), same("region", text), ["overflow_ts", "overflow_time", decimal], same("hpa", hexadecimal), same("hpa_alias0", hexadecimal), same("dpa", hexadecimal), same("dpa_length", hexadecimal),
    ["uuid", "region_uuid", text], same("source", symbol(poisonSources)), same("flags", flags(poisonFlagNames)),
  ],
  cxl_aer_correctable_error: [...device, serial, status(correctableNames)],
  cxl_aer_uncorrectable_error: [...device, serial, status(uncorrectableNames), firstError],
  cxl_port_aer_correctable_error: [same("device", text), same("host", text), status(correctableNames)],
  cxl_port_aer_uncorrectable_error: [same("device", text), same("host", text), status(uncorrectableNames), firstError],
};

/** `key=value`, `key='a value'`, `key: 'a value'`; bytes have spaces between them. */
const pair = /(\w+)(?:=|: (?='))(?:'([^']*)'|((?:[0-9a-f]{2} )+[0-9a-f]{2}(?= |$)|[^ ]*))/g;

function pairsOf(part: string): Map<string, string> {
  return new Map([...part.matchAll(pair)].map((match) => [match[1] ?? "", match[2] ?? match[3] ?? ""]));
}

/** What the text shows in parts, or without a name. */
function unnamed(event: string, body: string, pairs: Map<string, string>): void {
  if (event === "cxl_generic_event") pairs.set("data", body.trim());
  const overflow = /: (\d+) records from (\d+) to (\d+)$/.exec(body);
  if (event === "cxl_overflow" && overflow !== null) for (const [at, name] of ["count", "first_ts", "last_ts"].entries()) pairs.set(name, overflow[at + 1] ?? "");
  if (event !== "cxl_memory_module") return;
  const grade = symbol(statusNames);
  const parts = ["as_life_used", "as_dev_temp", "as_cor_vol_err_cnt", "as_cor_per_err_cnt"].map((key) => Number(grade(pairs.get(key) ?? "Normal")));
  const shifts = [0, 2, 4, 5];
  pairs.set("add_status", String(parts.reduce((sum, value, at) => sum | (value << (shifts[at] ?? 0)), 0)));
}

const read = (fields: readonly Field[], pairs: ReadonlyMap<string, string>): [string, Json][] => fields.map(([name, key, decode]) => [name, decode(pairs.get(key) ?? "")]);

/** Fields of an event by the text behind its name; undefined: an event that is not known. */
export function fieldsOf(event: string, line: string): { readonly [name: string]: Json } | undefined {
  const body = bodies[event];
  const other = others[event];
  // The header of a record ends behind its last field.
  const at = body === undefined ? -1 : line.indexOf(" : ", line.indexOf(" head_id="));
  const rest = at < 0 ? line : line.slice(at + " : ".length);
  const pairs = pairsOf(rest);
  unnamed(event, rest, pairs);
  if (body !== undefined) return Object.fromEntries([...read(record, pairsOf(line.slice(0, at))), ...read(body, pairs)]);
  return other === undefined ? undefined : Object.fromEntries(read(other, pairs));
}
