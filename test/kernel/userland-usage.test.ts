// Help, version, wrong use of cxl and daxctl, what daxctl's rarer commands say, and the page that lists every command. Texts and exit codes as 85's.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cxlUsage } from "../../src/userland/cxl-usage.ts";
import { daxctlUsage } from "../../src/userland/dax-usage.ts";
import { programs } from "../../src/userland/programs.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";
import { store, twoDevices } from "../support/memdev.ts";

const booted = bootMachine(twoDevices());
const run = (line: string) => booted.command(line);

describe("cxl and daxctl", () => {
  it("tell their version and commands, and how they are called", () => {
    expect(["cxl version", "cxl --version", "cxl -v", "daxctl version"].map((line) => run(line).stdout)).toEqual(["85\n", "85\n", "85\n", "85\n"]);
    expect([run("cxl --list-cmds").stdout.trim().split("\n"), run("daxctl --list-cmds").stdout.trim().split("\n")]).toEqual([Object.keys(cxlUsage), Object.keys(daxctlUsage)]);
    const overview = "\n usage: cxl [--version] [--help] COMMAND [ARGS]\n\n\n See 'cxl help COMMAND' for more information on a specific command.\n cxl --list-cmds to see all available commands\n\n";
    expect([run("cxl help"), run("cxl --help"), run("cxl")]).toEqual([0, 0, 1].map((exitCode) => ({ exitCode, stdout: overview, stderr: "" })));
    expect([run("daxctl help").stdout, run("daxctl").exitCode]).toEqual([overview.replaceAll("cxl", "daxctl"), 1]);
    expect([run("cxl foo"), run("daxctl foo")]).toEqual(["foo", "foo"].map((name) => ({ exitCode: 1, stdout: "", stderr: `Unknown command: '${name}'\n` })));
    expect(run("cxl --foo")).toEqual({ exitCode: 129, stdout: "", stderr: "Unknown option: --foo\n\n Usage: cxl [--version] [--help] COMMAND [ARGS]\n" });
  });

  it.each([...Object.entries(cxlUsage).map(([name, { usage }]) => ["cxl", name, usage] as const), ...Object.entries(daxctlUsage).map(([name, { usage }]) => ["daxctl", name, usage] as const)])("%s %s: every command is there, with help on standard output and, as wrong use, with -h", (tool, name, usage) => {
    const help = run(`${tool} help ${name}`);
    expect([help.exitCode, help.stdout.split("\n").slice(0, 3), help.stderr]).toEqual([0, ["", ` usage: ${usage}`, ""], ""]);
    if (name === "help" || name === "version") return;
    expect(run(`${tool} ${name} --help`)).toEqual(help);
    expect(run(`${tool} ${name} -h`)).toEqual({ exitCode: 129, stdout: "", stderr: help.stdout });
    expect(help.stdout).not.toMatch(/> {2,}\n|undefined/);
  });

  it("list options with what they mean, on the same line where there is room", () => {
    expect(run("cxl help read-labels").stdout).toContain("    -v, --verbose         say more while working\n    -S, --serial          words are serial numbers\n    -s, --size <n>        so many bytes of the label area\n");
    expect(run("cxl help read-labels").stdout).toContain("    -o, --output <output-file>\n                          into this file\n");
    expect(run("cxl help nothing")).toEqual({ exitCode: 16, stdout: "", stderr: "No manual entry for cxl-nothing\n" });
  });

  it("say what is wrong with a line, and how it is called, or which value was wrong", () => {
    const first = (line: string): readonly [number, string] => {
      const { exitCode, stdout, stderr } = run(line);
      expect(stdout).toBe("");
      return [exitCode, stderr.split("\n usage:")[0] ?? ""];
    };
    expect(["cxl list --foo", "cxl list -Z", "cxl list -m", "cxl list --memdev", "cxl list x", "cxl list --mem", "cxl list --me", "cxl list --human=1", "cxl read-labels mem0 -s x", "cxl list -S", "cxl read-labels", "daxctl list -Z", "daxctl migrate-device-model x"].map(first)).toEqual([
      "  Error: unknown option `foo'\n", "  Error: unknown switch `Z'\n", "  Error: switch `m' requires a value\n", "  Error: option `memdev' requires a value\n", '  Error: unknown parameter "x"\n\n', "  Error: Ambiguous option: mem (could be --memdev or --memdevs)\n",
      "  Error: Ambiguous option: me (could be --memdev or --memdevs)\n", "  Error: option `human' takes no value\n", "  Error: switch `s' expects a numerical value\n", "  Error: -S/--single expects a port filter: -p/--port=\n\n", "", "  Error: unknown switch `Z'\n", '  Error: unknown parameter "x"\n\n',
    ].map((text) => [129, text]));
    expect(run("cxl read-labels mem0 -s x").stderr).toBe("  Error: switch `s' expects a numerical value\n\n usage: cxl read-labels <mem0> [<mem1>..<memN>] [-o <filename>]\n\n    -s, --size <n>        so many bytes of the label area\n");
    expect(run("cxl list --mem").stderr).toBe("  Error: Ambiguous option: mem (could be --memdev or --memdevs)\n\n usage: cxl list [<options>]\n\n");
    expect(run("cxl read-labels mem9 all")).toEqual({ exitCode: 0, stdout: "", stderr: "cxl memdev: memdev_action: no memdev matches mem9\ncxl memdev: cmd_read_labels: read 0 mem\n" });
    expect(run("cxl create-region -d decoder0.0 -m mem1 -U foo").stderr).toBe("  Error: failed to parse uuid: 'foo'\n\ncxl region: cmd_create_region: created 0 regions\n");
    expect(run("cxl create-region -d decoder0.0 -m mem1 -t ram -U foo").stderr).toBe("cxl region: parse_create_options: can't set UUID for ram / volatile regionscxl region: cmd_create_region: created 0 regions\n");
    expect(run("cxl list --memdevs --hum").exitCode).toBe(0);
    expect(run("cxl disable-memdev foo").stderr).toMatch(/^cxl memdev: memdev_action: 'foo' is not a valid memdev name\n\n usage: cxl disable-memdev /);
    expect(run("cxl disable-memdev -S mem0").stderr).toMatch(/^cxl memdev: memdev_action: 'mem0' is not a valid memdev serial number\n/);
    expect(run("cxl disable-bus ACPI.CXL")).toMatchObject({ exitCode: 129, stderr: expect.stringMatching(/^cxl bus: bus_action: 'ACPI.CXL' is not a valid bus identifier\n\n usage: /) as string });
    expect(run("cxl disable-bus foo root9")).toEqual({ exitCode: 0, stdout: "", stderr: "cxl bus: bus_action: 'foo' is not a valid bus identifier\ncxl bus: cmd_disable_bus: disabled 0 bus\n" });
    expect(run("cxl list --debug -M").exitCode).toBe(0);
  });

  it("list decoders with how many targets they have, and with -T which", () => {
    const [decoder] = JSON.parse(run("cxl list -d 0.0").stdout) as Readonly<Record<string, unknown>>[];
    const [whole] = JSON.parse(run("cxl list -d 0.0 -T").stdout) as Readonly<Record<string, unknown>>[];
    expect([decoder?.["nr_targets"], decoder?.["targets"], whole?.["nr_targets"], whole?.["targets"]]).toEqual([1, undefined, 1, [{ target: "pci0000:0c", alias: "ACPI0016:00", position: 0, id: 0 }]]);
  });
});

describe("daxctl", () => {
  const create = (): Booted => {
    const made = bootMachine(twoDevices());
    made.command("cxl create-region -d decoder0.0 -t ram -m mem0");
    made.command("cxl create-region -d decoder0.0 -t ram -m mem1");
    return made;
  };
  const names = (text: string): readonly string[] => (text === "" ? [] : (JSON.parse(text) as Readonly<Record<string, unknown>>[]).map((one) => `${String(one["chardev"] ?? one["id"])}${one["devices"] === undefined ? "" : "+"}`));

  it("list: a region filter means regions, a device filter devices, both regions with devices", () => {
    const made = create();
    const list = (options: string): readonly string[] => names(made.command(`daxctl list ${options}`).stdout).toSorted();
    expect(["", "-r 0", "-r region1", "-d dax1.0", "-d 0.0", "-d 1.0 -r 1", "-R", "-RD", "-r 9", "-d dax9.9", "-d dax0.0,dax1.0", "-D -r 1"].map(list)).toEqual([["dax0.0", "dax1.0"], ["0"], ["1"], ["dax1.0"], ["dax0.0"], ["1+"], ["0", "1"], ["0+", "1+"], [], [], [], ["dax1.0"]]);
  });

  it("create-device --input makes a device of the ranges of a file, in the order of their offsets", () => {
    const made = create();
    for (const line of ["daxctl disable-device dax0.0", "echo 0 > /sys/bus/dax/devices/dax0.0/size"]) made.command(line);
    const base = BigInt(made.read("/sys/bus/cxl/devices/region0/resource").trim());
    const at = (mebibytes: bigint): bigint => base + mebibytes * MiB;
    const range = (offset: number, start: bigint, end: bigint) => ({ page_offset: offset, start: Number(start), end: String(end - 1n) });
    const device = { chardev: "dax0.0", size: String(16n * MiB), align: 2 * 1024 * 1024, mappings: [range(4096, at(4n), at(12n)), range(0, at(32n), at(40n))] };
    const from = (content: unknown): ReturnType<Booted["command"]> => {
      expect(store(made, "/tmp/device.json", typeof content === "string" ? content : JSON.stringify(content))).toBe("ok");
      return made.command("daxctl create-device --input /tmp/device.json");
    };
    for (const wrong of ["no json", [device], { ...device, chardev: "foo" }, { ...device, chardev: undefined }, { ...device, size: undefined }, { ...device, align: undefined }, { ...device, mappings: undefined }, { ...device, mappings: [{ page_offset: 0, start: 5 }] }, { ...device, mappings: [{ page_offset: 0, start: 5, end: 1e300 }] }]) {
      const { exitCode, stderr } = from(wrong);
      expect([exitCode, stderr.split("\n")[0]]).toEqual([129, "error: failed to parse device file: Invalid argument"]);
    }
    expect(from({ ...device, chardev: "dax7.0" })).toEqual({ exitCode: 250, stdout: "", stderr: "error creating devices: No such device or address\ncreated 0 devices\n" });
    const made0 = from(device);
    expect([made0.exitCode, made0.stderr]).toEqual([0, "created 1 device\n"]);
    const [shown] = JSON.parse(made.command(`daxctl list -M -d ${names(made0.stdout)[0] ?? ""}`).stdout) as { size: number; mappings: { start: number; end: number }[] }[];
    expect([shown?.size, shown?.mappings.map(({ start, end }) => [BigInt(start) - base, BigInt(end) - base])]).toEqual([Number(16n * MiB), [[32n * MiB, 40n * MiB - 1n], [4n * MiB, 12n * MiB - 1n]]]);
    const uneven = from({ ...device, size: String(32n * MiB), mappings: [range(0, at(64n), at(66n))] });
    expect([uneven.exitCode, uneven.stderr]).toEqual([0, `dax0.2: allocated ${2n * MiB} but specified size ${32n * MiB}\ncreated 1 device\n`]);
    expect(made.command("daxctl create-device --input /nowhere").exitCode).toBe(129);
    const taken = from(device);
    expect([taken.exitCode === 0, taken.stderr.includes("libdaxctl: daxctl_dev_set_mapping: ")]).toEqual([false, true]);
  });

  it("create-device takes a size that is none for all there is", () => {
    const made = create();
    for (const line of ["daxctl disable-device dax0.0", `echo ${64n * MiB} > /sys/bus/dax/devices/dax0.0/size`]) made.command(line);
    const { exitCode, stdout } = made.command("daxctl create-device -r 0 -s foo");
    expect([exitCode, (JSON.parse(stdout) as { size: number }[])[0]?.size]).toEqual([0, Number(192n * MiB)]);
    expect(made.command("daxctl create-device foo").stderr).toMatch(/^unknown extra parameter "foo"\n\n usage: daxctl create-device /);
  });

  it("reconfigure-device knows what it cannot do: other modes, famfs without its driver, configuration files", () => {
    const made = create();
    expect(made.command("daxctl reconfigure-device dax0.0 -m foo")).toEqual({ exitCode: 234, stdout: "", stderr: "dax0.0: unknown mode requested: 0\nerror reconfiguring devices: Invalid argument\nreconfigured 0 devices\n" });
    expect(made.command("daxctl reconfigure-device dax0.0 -C")).toEqual({ exitCode: 0, stdout: "", stderr: "no UUID match for dax0.0 found in config files\ndax0.0: missing or malformed config section\n" });
    expect(made.command("daxctl reconfigure-device all -C").stderr).toBe("all: missing or malformed config section\n");
    expect(made.command("daxctl reconfigure-device dax0.0 -C -m devdax").stderr).toMatch(/^dax0\.0: -C cannot be used with --mode, --\(no-\)movable, or --\(no-\)online\n\n usage: /);
    expect(made.command("daxctl reconfigure-device dax0.0 -m famfs -N").stderr).toMatch(/^--no-online is incompatible with --mode=famfs\n/);
    expect(made.command("daxctl reconfigure-device dax0.0").stderr).toMatch(/^error: a 'align', 'mode' or 'size' option is required\n/);
    made.command("daxctl reconfigure-device dax1.0 -m system-ram -N -f");
    expect(made.command("daxctl reconfigure-device dax1.0 -m famfs")).toMatchObject({ exitCode: 234, stderr: "dax1.0 is in system-ram mode; must be in devdax mode to convert to famfs\nerror reconfiguring devices: Invalid argument\nreconfigured 0 devices\n" });
    expect(made.command("daxctl reconfigure-device dax0.0 -m famfs")).toMatchObject({ exitCode: 250, stderr: "libdaxctl: daxctl_dev_enable: dax0.0: failed to enable\nerror reconfiguring devices: No such device or address\nreconfigured 0 devices\n" });
    expect(made.command("daxctl enable-device dax0.0").exitCode).toBe(0);
  });

  it("split-acpi and migrate-device-model miss what they need", () => {
    expect(run("daxctl split-acpi")).toEqual({ exitCode: 1, stdout: "", stderr: "  Error: failed to open required ./nfit.dat\n\n" });
    expect(run("daxctl split-acpi -d /tmp -n 4").stderr).toBe("  Error: failed to open required /tmp/nfit.dat\n\n");
    expect([run("daxctl split-acpi -n 3").stderr, run("daxctl split-acpi -n 1").stderr].map((text) => text.split("\n")[0])).toEqual(["  Error: --nodes=3, must be power of 2", "  Error: --nodes=1, must be greater than 2"]);
    expect(run("daxctl migrate-device-model")).toEqual({ exitCode: 1, stdout: "", stderr: "  Error: failed to install /etc/modprobe.d/daxctl.conf: No such file or directory\n\n" });
    expect([run("daxctl destroy-device").stderr.split("\n")[0], run("daxctl disable-device a b").stderr.split("\n")[0], run("daxctl online-memory foo").stderr]).toEqual(['specify a device to destroy, or "all"', 'unknown extra parameter "b"', "onlined memory for 0 devices\n"]);
  });
});

describe("docs/userland.md", () => {
  it("names every program", () => {
    const page = readFileSync(new URL("../../docs/userland.md", import.meta.url), "utf8");
    expect([...programs.keys()].filter((name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name} `))).toEqual([]);
  });

  it("has a line for every command of cxl and daxctl, and none for another", () => {
    const page = readFileSync(new URL("../../docs/userland.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(cxl|daxctl) ([\w-]+)` \|/gm)].map((match) => `${match[1] ?? ""} ${match[2] ?? ""}`);
    expect(rows.toSorted()).toEqual([...Object.keys(cxlUsage).map((name) => `cxl ${name}`), ...Object.keys(daxctlUsage).map((name) => `daxctl ${name}`)].toSorted());
  });
});
