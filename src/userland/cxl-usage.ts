// Commands of `cxl` (version 85): how each is called, which options it takes, and what they mean. What each does stands in cxl.ts.

import type { OptionSpec } from "./options.ts";

export interface CommandUsage {
  readonly usage: string;
  readonly options: OptionSpec;
}

const debug = { debug: { short: "", meaning: "say more while working" } } as const;
const human = { human: { short: "u", meaning: "numbers with units, addresses as hexadecimal" } } as const;
const bus = { bus: { short: "b", value: true, argument: "bus name", meaning: "only below this bus" } } as const;
const root = { decoder: { short: "d", value: true, argument: "root decoder name", meaning: "only below this root decoder" } } as const;
const dangerous = { force: { short: "f", meaning: "DANGEROUS: also what is in use" } } as const;
const memdevs = { ...bus, verbose: { short: "v", meaning: "say more while working" }, serial: { short: "S", meaning: "words are serial numbers" } } as const;
const labels = { ...memdevs, size: { short: "s", isNumber: true, meaning: "so many bytes of the label area" }, offset: { short: "O", isNumber: true, meaning: "from this byte of the label area on" } } as const;
const type = { type: { short: "t", value: true, argument: "type", meaning: "'pmem' or 'ram'" } } as const;
const size = { size: { short: "s", value: true, argument: "size", meaning: "bytes; K, M, G, T count; default: all there is" } } as const;
const decoder = { decoder: { short: "d", value: true, argument: "decoder instance id", meaning: "this decoder instead of the next one" } } as const;
const regions = { ...bus, ...root, ...debug } as const;

const threshold = (short: string, what: string) => ({ short, value: true, argument: "threshold", meaning: `warn of ${what} from here on` }) as const;
const alert = (what: string) => ({ short: "", value: true, argument: "'on' or 'off'", meaning: `warn of ${what}, or not` }) as const;

const listOptions = {
  memdev: { short: "m", value: true, argument: "memory device name(s)", meaning: "only these memdevs" }, serial: { short: "s", value: true, argument: "memory device serial(s)", meaning: "only memdevs of these serial numbers" }, memdevs: { short: "M", meaning: "list memdevs" },
  bus: { short: "b", value: true, argument: "bus device name", meaning: "only these buses" }, buses: { short: "B", meaning: "list buses" },
  port: { short: "p", value: true, argument: "port device name", meaning: "only these ports and what is below" }, ports: { short: "P", meaning: "list ports" }, single: { short: "S", meaning: "nothing below the ports named" },
  endpoint: { short: "e", value: true, argument: "endpoint device name", meaning: "only these endpoints" }, endpoints: { short: "E", meaning: "list endpoints" },
  decoder: { short: "d", value: true, argument: "decoder device name", meaning: "only these decoders, or those of a class" }, decoders: { short: "D", meaning: "list decoders" }, targets: { short: "T", meaning: "with targets, dports and mappings" },
  region: { short: "r", value: true, argument: "region name", meaning: "only these regions" }, regions: { short: "R", meaning: "list regions" }, dax: { short: "X", meaning: "with dax regions and devices" },
  idle: { short: "i", meaning: "also what is disabled or empty" }, ...human,
  health: { short: "H", meaning: "with the health of memdevs" }, partition: { short: "I", meaning: "with their partitions" }, firmware: { short: "F", meaning: "with their firmware" }, "alert-config": { short: "A", meaning: "with their alerts" }, "media-errors": { short: "L", meaning: "with media errors" },
  verbose: { short: "v", meaning: "more: once, twice, three times" }, ...debug,
} as const;

const createOptions = {
  ...bus, ...root, ...debug, size: { short: "s", value: true, argument: "size", meaning: "of the region: bytes; K, M, G, T count" }, ways: { short: "w", isNumber: true, meaning: "memdevs that take turns" }, granularity: { short: "g", isNumber: true, meaning: "bytes of a turn" },
  type: { short: "t", value: true, argument: "region type", meaning: "'pmem' or 'ram'" }, uuid: { short: "U", value: true, argument: "region uuid", meaning: "of a pmem region; default: one is made" }, memdevs: { short: "m", meaning: "words are memdevs" }, ...human, "enforce-qos": { short: "Q", meaning: "only where classes of service are alike" },
} as const;

const alertOptions = {
  ...memdevs,
  "life-used-threshold": threshold("L", "life used"), "life-used-alert": alert("life used"), "over-temperature-threshold": threshold("O", "heat"), "over-temperature-alert": alert("heat"),
  "under-temperature-threshold": threshold("U", "cold"), "under-temperature-alert": alert("cold"), "volatile-mem-err-threshold": threshold("V", "corrected errors of volatile memory"), "volatile-mem-err-alert": alert("corrected errors of volatile memory"),
  "pmem-err-threshold": threshold("P", "corrected errors of persistent memory"), "pmem-err-alert": alert("corrected errors of persistent memory"),
} as const;

const severalMemdevs = "<mem0> [<mem1>..<memN>]";
/** As some commands write it. */
const someMemdevs = "<mem0> [<mem1>..<memn>]";
const poison = (address: string) => ({ address: { short: "a", value: true, argument: address, meaning: "device physical address, decimal or hexadecimal" }, ...debug }) as const;

/** In the order of `cxl --list-cmds`. */
export const cxlUsage = {
  version: { usage: "cxl version", options: {} },
  list: { usage: "cxl list [<options>]", options: listOptions },
  help: { usage: "cxl help [command]", options: {} },
  "zero-labels": { usage: `cxl zero-labels ${severalMemdevs} [<options>]`, options: labels },
  "read-labels": { usage: `cxl read-labels ${severalMemdevs} [-o <filename>]`, options: { ...labels, output: { short: "o", value: true, argument: "output-file", meaning: "into this file" } } },
  "write-labels": { usage: "cxl write-labels <memdev> [-i <filename>]", options: { ...labels, input: { short: "i", value: true, argument: "input-file", meaning: "from this file" } } },
  "disable-memdev": { usage: `cxl disable-memdev ${severalMemdevs} [<options>]`, options: { ...memdevs, ...dangerous } },
  "enable-memdev": { usage: `cxl enable-memdev ${severalMemdevs} [<options>]`, options: memdevs },
  "reserve-dpa": { usage: `cxl reserve-dpa ${someMemdevs} [<options>]`, options: { ...memdevs, ...size, ...decoder, ...type, force: { short: "f", meaning: "also what must fail" } } },
  "free-dpa": { usage: `cxl free-dpa ${someMemdevs} [<options>]`, options: { ...memdevs, ...decoder, ...type, force: { short: "f", meaning: "also what must fail" } } },
  "update-firmware": {
    usage: `cxl update-firmware ${someMemdevs} [<options>]`,
    options: { ...memdevs, "firmware-file": { short: "F", value: true, argument: "firmware-file", meaning: "the image" }, cancel: { short: "c", meaning: "give up an update that is under way" }, wait: { short: "w", meaning: "until the update is over" } },
  },
  "set-alert-config": { usage: `cxl set-alert-config ${severalMemdevs} [<options>]`, options: alertOptions },
  "wait-sanitize": { usage: `cxl wait-sanitize ${someMemdevs} [<options>]`, options: { ...memdevs, timeout: { short: "t", isNumber: true, meaning: "milliseconds; default: for ever" } } },
  "disable-port": { usage: "cxl disable-port <port0> [<port1>..<portN>] [<options>]", options: { ...debug, endpoint: { short: "e", meaning: "words are endpoints" }, ...dangerous } },
  "enable-port": { usage: "cxl enable-port <port0> [<port1>..<portN>] [<options>]", options: { ...debug, endpoint: { short: "e", meaning: "words are endpoints" }, "enable-memdevs": { short: "m", meaning: "also the memdevs below" } } },
  "set-partition": { usage: `cxl set-partition ${severalMemdevs} [<options>]`, options: { ...memdevs, ...type, ...size, align: { short: "a", meaning: "round the size as the device needs it" } } },
  "disable-bus": { usage: "cxl disable-bus <bus0> [<bus1>..<busN>] [<options>]", options: { ...debug, ...dangerous } },
  "create-region": { usage: "cxl create-region <target0> ... [<options>]", options: createOptions },
  "enable-region": { usage: "cxl enable-region <region0> ... [<options>]", options: regions },
  "disable-region": { usage: "cxl disable-region <region0> ... [<options>]", options: { ...regions, force: { short: "f", meaning: "also when its memory stays on line" } } },
  "destroy-region": { usage: "cxl destroy-region <region0> ... [<options>]", options: { ...regions, force: { short: "f", meaning: "also when it is enabled" } } },
  monitor: {
    usage: "cxl monitor [<options>]",
    options: { log: { short: "l", value: true, argument: "<file> | standard", meaning: "where events are written" }, daemon: { short: "", meaning: "go on in the background" }, ...human, verbose: { short: "v", meaning: "say more" } },
  },
  "inject-protocol-error": {
    usage: "inject-protocol-error <dport> -p <protocol> -s <severity> [<options>]",
    options: { protocol: { short: "p", value: true, argument: "mem/cache", meaning: "protocol of the error" }, severity: { short: "s", value: true, argument: "correctable/uncorrectable/fatal", meaning: "how grave it is" }, ...debug },
  },
  "inject-media-poison": { usage: "inject-media-poison <memdev> -a <address> [<options>]", options: poison("Address for poison injection") },
  "clear-media-poison": { usage: "clear-error <memdev> -a <address> [<options>]", options: poison("Address for poison clearing") },
} as const satisfies Readonly<Record<string, CommandUsage>>;

export type CxlCommand = keyof typeof cxlUsage;
