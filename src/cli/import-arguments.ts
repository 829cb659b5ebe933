// `cxl-sandbox import`: its options and help.

import { UsageError, oneOf, parseWords } from "./arguments.ts";

export interface ImportArguments {
  readonly cxlList: string;
  readonly cedt: string | null;
  readonly iomem: string | null;
  readonly lspci: string | null;
  /** Null: the file goes to standard output. */
  readonly output: string | null;
  readonly isForced: boolean;
  readonly name: string | null;
  /** Null: unsaid. "": every root port. */
  readonly isolation: string | null;
  readonly regions: "firmware" | "steps" | null;
  readonly isChecked: boolean;
}

export const importHelp = `usage: cxl-sandbox import --cxl-list FILE [options]

Makes a scenario file of a machine like a running host, out of captures of that host:
  cxl list -vvv > cxl.json                              the topology: needed
  cat /sys/firmware/acpi/tables/CEDT > cedt.bin         windows as firmware has them (root)
  cat /proc/iomem > iomem.txt                           memory, Soft Reserved, registers (root)
  lspci -xxxx > lspci.txt                               links, slots, serial numbers, empty ports (root)
The machine is booted once and its own cxl list -vvv held against the captured one.

options
  --cxl-list FILE       what cxl list -vvv printed; "-" is standard input
  --cedt FILE           the CEDT: the table itself, or acpidump's, hexdump's, xxd's or iasl's text of it
  --iomem FILE          /proc/iomem as root sees it
  --lspci FILE          lspci -xxxx as root prints it
  --output FILE         where the scenario goes; standard output when absent
  --force               put it in place of a file that is there
  --name TEXT           name of the scenario
  --isolation[=PORTS]   give the isolation capability to every root port, to some (rp0,rp2), or to none
  --regions WHO         firmware: regions are decoded before boot; steps: commands create them. When absent: as the captures suggest
  --no-check            do not boot the machine
  -h, --help            this text

Standard error says what was assumed, where captures contradict each other, and what of the listing comes out differently. docs/import.md has more.

exit status: 0 done, and the twin's listing is the captured one or differs where it is said why; 1 done, but the listing differs elsewhere;
2 wrong usage, or a capture that cannot be read; 5 internal error
`;

const options = {
  "cxl-list": { type: "string" }, cedt: { type: "string" }, iomem: { type: "string" }, lspci: { type: "string" }, output: { type: "string", short: "o" }, force: { type: "boolean" }, name: { type: "string" }, isolation: { type: "string" }, regions: { type: "string" },
  "no-check": { type: "boolean" },
} as const;

/** `--isolation` may stand alone. */
const withValue = (argv: readonly string[]): string[] => argv.map((word, index) => {
  const next = argv[index + 1];
  return word === "--isolation" && (next === undefined || next.startsWith("-")) ? "--isolation=" : word;
});

/** @throws UsageError */
export function parseImport(argv: readonly string[]): ImportArguments {
  const { values, positionals } = parseWords(withValue(argv), options);
  if (positionals.length > 0) throw new UsageError(`import takes no bare words, but "${positionals[0]}"; name captures by --cxl-list, --cedt, --iomem, --lspci`);
  const cxlList = values["cxl-list"];
  if (cxlList === undefined) throw new UsageError("import needs --cxl-list FILE; take it with: cxl list -vvv > cxl.json");
  if (values.name?.trim() === "") throw new UsageError("--name is empty");
  return {
    cxlList, cedt: values.cedt ?? null, iomem: values.iomem ?? null, lspci: values.lspci ?? null, output: values.output ?? null, isForced: values.force === true, name: values.name ?? null, isolation: values.isolation ?? null,
    regions: values.regions === undefined ? null : oneOf("regions", values.regions, ["firmware", "steps"] as const), isChecked: values["no-check"] !== true,
  };
}
