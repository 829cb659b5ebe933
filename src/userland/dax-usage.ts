// Commands of `daxctl` (version 85): how each is called, which options it takes, and what they mean. What each does stands in daxctl.ts.

import type { CommandUsage } from "./cxl-usage.ts";

const base = {
  region: { short: "r", value: true, argument: "region-id", meaning: "only in this dax region" }, human: { short: "u", meaning: "numbers with units, addresses as hexadecimal" }, verbose: { short: "v", meaning: "say more while working" },
} as const;
const shape = {
  size: { short: "s", value: true, argument: "size", meaning: "of the device: bytes; K, M, G, T count" }, align: { short: "a", value: true, argument: "align", meaning: "of the device: bytes; K, M, G, T count" }, input: { short: "", value: true, argument: "input", meaning: "JSON file with the device" },
} as const;
const noMovable = { "no-movable": { short: "", meaning: "on line in a zone for everything" } } as const;

/** In the order of `daxctl --list-cmds`. */
export const daxctlUsage = {
  version: { usage: "daxctl version", options: {} },
  list: {
    usage: "daxctl list [<options>]",
    options: {
      region: base.region, dev: { short: "d", value: true, argument: "dev-id", meaning: "only this device" }, devices: { short: "D", meaning: "list devices" }, regions: { short: "R", meaning: "list dax regions" }, mappings: { short: "M", meaning: "with mappings" },
      idle: { short: "i", meaning: "also what is empty" }, human: base.human,
    },
  },
  help: { usage: "daxctl help [command]", options: {} },
  "split-acpi": {
    usage: "daxctl split-acpi <options>",
    options: { directory: { short: "d", value: true, argument: "path", meaning: "ACPI tables as files" }, pxm: { short: "p", isNumber: true, meaning: "proximity domain to split" }, nodes: { short: "n", isNumber: true, meaning: "into so many, default 2" }, verbose: base.verbose },
  },
  "migrate-device-model": { usage: "daxctl migrate-device-model", options: {} },
  "create-device": { usage: "daxctl create-device [<options>]", options: { ...base, ...shape } },
  "destroy-device": { usage: "daxctl destroy-device <device> [<options>]", options: { ...base, force: { short: "f", meaning: "also when it is enabled" } } },
  "reconfigure-device": {
    usage: "daxctl reconfigure-device <device> [<options>]",
    options: {
      ...base, ...shape, mode: { short: "m", value: true, argument: "mode", meaning: "'system-ram', 'devdax' or 'famfs'" }, "no-online": { short: "N", meaning: "memory stays off line" }, force: { short: "f", meaning: "take memory off line first" },
      "check-config": { short: "C", meaning: "as the configuration files say" }, ...noMovable,
    },
  },
  "online-memory": { usage: "daxctl online-memory <device> [<options>]", options: { ...base, ...noMovable } },
  "offline-memory": { usage: "daxctl offline-memory <device> [<options>]", options: base },
  "disable-device": { usage: "daxctl disable-device <device>", options: base },
  "enable-device": { usage: "daxctl enable-device <device>", options: base },
} as const satisfies Readonly<Record<string, CommandUsage>>;
