// The tools over the kernel's files: shapes, messages and exit codes of cxl and daxctl 85 (captures of a two-way ram region).

import { describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { deviceOf, machineOf, portOf } from "../support/machine.ts";

const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]));

type Parsed = { readonly [key: string]: Parsed } & readonly Parsed[] & { readonly length: number };
const json = (booted: Booted, line: string): Parsed => JSON.parse(booted.command(line).stdout) as Parsed;
const keys = (value: Parsed | undefined): string[] => Object.keys(value ?? {});

describe("cxl", () => {
  it("create-region prints the region as captured, with its count line", () => {
    const result = boot().command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem1 mem0");
    expect(result).toEqual({
      exitCode: 0,
      stdout: '{\n  "region":"region0",\n  "resource":17179869184,\n  "size":536870912,\n  "type":"ram",\n  "interleave_ways":2,\n  "interleave_granularity":256,\n  "decode_state":"commit",\n  "locked":false,\n  "mappings":[\n    {\n      "position":1,\n      "memdev":"mem0",\n      "decoder":"decoder2.0"\n    },\n    {\n      "position":0,\n      "memdev":"mem1",\n      "decoder":"decoder3.0"\n    }\n  ],\n  "qos_class_mismatch":true\n}\n',
      stderr: "cxl region: cmd_create_region: created 1 region\n",
    });
  });

  it("list -vvv nests bus, ports, endpoints, memdevs, decoders and regions with the captured keys", () => {
    const booted = boot();
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem1 mem0");
    const [bus] = json(booted, "cxl list -vvv");
    expect(keys(bus)).toEqual(["bus", "provider", "injectable_protocol_errors", "nr_dports", "dports", "ports:root0", "decoders:root0"]);
    expect(bus?.["dports"]).toEqual([{ dport: "pci0000:0c", alias: "ACPI0016:00", id: 0, protocol_injectable: false }]);
    const port = bus?.["ports:root0"]?.[0];
    expect(keys(port)).toEqual(["port", "host", "depth", "decoders_committed", "nr_dports", "dports", "endpoints:port1", "decoders:port1"]);
    expect([port?.["host"], port?.["depth"], port?.["decoders_committed"]]).toEqual(["pci0000:0c", 1, 1]);
    const endpoint = port?.["endpoints:port1"]?.[0];
    expect(keys(endpoint)).toEqual(["endpoint", "host", "parent_dport", "depth", "decoders_committed", "memdev", "decoders:endpoint2"]);
    expect(keys(endpoint?.["decoders:endpoint2"]?.[0])).toEqual(["decoder", "resource", "size", "interleave_ways", "interleave_granularity", "region", "dpa_resource", "dpa_size", "mode"]);
    expect(endpoint?.["decoders:endpoint2"]?.[1]).toEqual({ decoder: "decoder2.1", interleave_ways: 1, state: "disabled" });
    expect(port?.["decoders:port1"]?.[0]?.["targets"]).toEqual([{ target: "0000:0c:00.0", position: 1, id: 0 }, { target: "0000:0c:01.0", position: 0, id: 1 }]);
    expect(port?.["decoders:port1"]?.[1]).toEqual({ decoder: "decoder1.1", interleave_ways: 1, state: "disabled", nr_targets: 1, targets: [{ target: "0000:0c:00.0", position: 0, id: 0 }] });
    const root = bus?.["decoders:root0"]?.[0];
    expect(keys(root)).toEqual(["decoder", "resource", "size", "interleave_ways", "max_available_extent", "volatile_capable", "accelmem_capable", "qos_class", "nr_targets", "targets", "regions:decoder0.0"]);
    expect(root?.["max_available_extent"]).toBe(4 * 1024 ** 3 - 512 * 1024 ** 2);
    expect(keys(root?.["regions:decoder0.0"]?.[0])).toEqual(["region", "resource", "size", "type", "interleave_ways", "interleave_granularity", "decode_state", "locked", "mappings", "daxregion", "qos_class_mismatch"]);
  });

  it("[S20] list -RDi: decoders in three groups, regions nested below their root decoder", () => {
    const booted = boot();
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem1 mem0");
    const groups = json(booted, "cxl list -RDi");
    expect(Array.from(groups, keys)).toEqual([["root decoders"], ["port decoders"], ["endpoint decoders"]]);
    expect(groups[0]?.["root decoders"]?.[0]?.["regions:decoder0.0"]?.[0]?.["region"]).toBe("region0");
    expect(groups[2]?.["endpoint decoders"]?.length).toBe(8);
  });

  it("without -i idle things are hidden, nothing found is a warning and an empty list, -u speaks to people", () => {
    const booted = boot();
    expect(booted.command("cxl list -R")).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "  Warning: no matching devices found\n\n" });
    expect(json(booted, "cxl list -M -m mem1 -u")).toEqual({ memdev: "mem1", ram_size: "256.00 MiB (268.44 MB)", serial: "0x2", host: "0000:0e:00.0", firmware_version: "sandbox 1", poison_injectable: true });
    expect(json(booted, "cxl list -s 1").length).toBe(1);
    booted.command("cxl disable-memdev mem0");
    expect(json(booted, "cxl list -M").length).toBe(1);
    const groups = json(booted, "cxl list -Mi");
    expect(Array.from(groups, keys)).toEqual([["anon memdevs"], ["memdevs"]]);
    expect(groups[0]?.["anon memdevs"]?.[0]?.["state"]).toBe("disabled");
  });

  it("destroy of an active region needs force, and says so in the tool's words", () => {
    const booted = boot();
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1");
    expect(booted.command("cxl destroy-region region0")).toEqual({
      exitCode: 1, stdout: "",
      stderr: "cxl region: destroy_region: region0 active. Disable it or use --force\ncxl region: decoder_region_action: region0: failed: Device or resource busy\ncxl region: region_action: one or more failures, last failure: Device or resource busy\ncxl region: cmd_destroy_region: destroyed 0 regions\n",
    });
    expect(booted.command("cxl disable-region region0").stderr).toBe("cxl region: cmd_disable_region: disabled 1 region\n");
    expect(booted.command("cxl disable-region region0").exitCode).toBe(0);
    expect(booted.command("cxl enable-region region0").stderr).toBe("cxl region: cmd_enable_region: enabled 1 region\n");
    expect(booted.command("cxl destroy-region -f region0")).toEqual({ exitCode: 0, stdout: "", stderr: "cxl region: cmd_destroy_region: destroyed 1 region\n" });
    expect(booted.read("/proc/iomem")).not.toContain("region0");
  });

  it("disable-memdev of a member is refused, and with force decommits the region", () => {
    const booted = boot();
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1");
    expect(booted.command("cxl disable-memdev mem0")).toEqual({ exitCode: 1, stdout: "", stderr: "cxl memdev: action_disable: mem0 is part of an active region\ncxl memdev: cmd_disable_memdev: disabled 0 mem\n" });
    expect(booted.command("cxl disable-memdev mem0 -f").stderr).toBe("cxl memdev: action_disable: mem0 is part of an active region\ncxl memdev: action_disable: Forcing mem0 disable with an active region!\ncxl memdev: cmd_disable_memdev: disabled 1 mem\n");
    const region = json(booted, "cxl list -RTi")[0];
    expect(booted.command("cxl list -RTi").stderr).toBe("libcxl: cxl_mappings_init: region0 target0:  lookup failure\n");
    expect(json(booted, "cxl list -d decoder3.0 -i")[0]?.["mode"]).toBe("ram");
    expect([region?.["decode_state"], region?.["state"], region?.["mappings"]?.length]).toEqual(["reset", "disabled", 1]);
  });
});

describe("daxctl and the small commands", () => {
  it("a region's device can be disabled, destroyed, and the region split", () => {
    const booted = boot();
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1");
    expect(booted.command("daxctl disable-device dax0.0").stderr).toBe("disabled 1 device\n");
    expect(booted.command("daxctl destroy-device dax0.0").stderr).toBe("destroyed 1 device\n");
    expect(booted.command("daxctl create-device -r region0 -s 128M")).toEqual({ exitCode: 0, stdout: '[\n  {\n    "chardev":"dax0.1",\n    "size":134217728,\n    "target_node":1,\n    "align":2097152,\n    "mode":"devdax"\n  }\n]\n', stderr: "created 1 device\n" });
    expect(json(booted, "daxctl create-device -r region0")[0]?.["size"]).toBe(402653184);
    expect(booted.read("/proc/iomem")).toContain("  400000000-41fffffff : region0\n    400000000-407ffffff : dax0.1\n    408000000-41fffffff : dax0.2\n");
    // Idle instance 0 stays; the order is that of the directory's hashes, as captured.
    expect(Array.from(json(booted, "daxctl list -DRMi")[0]?.["devices"] ?? [], (device) => device["chardev"])).toEqual(["dax0.1", "dax0.0", "dax0.2"]);
    expect(booted.files.list("/dev").filter((name) => name.startsWith("dax"))).toEqual(["dax0.0", "dax0.1", "dax0.2"]);
  });

  it("reconfigure-device binds a disabled device in devdax mode and refuses what it is already", () => {
    const booted = boot();
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1");
    expect(booted.command("daxctl reconfigure-device -m devdax dax0.0").stderr).toBe("dax0.0 was already in devdax mode\nreconfigured 1 device\n");
    booted.command("daxctl disable-device dax0.0");
    expect(booted.command("daxctl reconfigure-device -m devdax dax0.0")).toMatchObject({ exitCode: 0, stderr: "reconfigured 1 device\n" });
    expect(booted.command("daxctl online-memory dax0.0")).toEqual({ exitCode: 250, stdout: "", stderr: "dax0.0: memory operations are not applicable in devdax mode\nerror onlining memory: No such device or address\nonlined memory for 0 devices\n" });
    expect(booted.command("daxctl reconfigure-device -m system-ram dax0.0").exitCode).toBe(0);
  });

  it("dmesg shows times and texts, debug lines only when asked", () => {
    const booted = boot();
    const lines = booted.command("dmesg").stdout.trimEnd().split("\n");
    expect(lines.every((line) => /^\[ *\d+\.\d{6}\] /.test(line))).toBe(true);
    expect(lines.some((line) => line.includes("decoder2.0: range"))).toBe(false);
    expect(booted.command("dmesg -l debug").stdout).toContain("decoder2.0: range: 0x0-0xffffffffffffffff iw: 1 ig: 256");
  });

  it("echo writes attributes and names the error as the C library does", () => {
    const booted = boot();
    expect(booted.command("echo region7 > /sys/bus/cxl/devices/decoder0.0/create_ram_region")).toEqual({ exitCode: 1, stdout: "", stderr: "echo: write error: Device or resource busy\n" });
    expect(booted.command("cat /sys/bus/cxl/devices/decoder0.0/nothing").stderr).toContain("No such file or directory");
    expect(booted.command('sh -c "echo region7 > /sys/bus/cxl/devices/decoder0.0/create_ram_region"')).toEqual({ exitCode: 1, stdout: "", stderr: "sh: write error: Device or resource busy\n" });
    expect(booted.command("sh -c 'echo 0x4001 > /sys/kernel/debug/cxl/mem0/inject_poison'")).toEqual({ exitCode: 1, stdout: "", stderr: "sh: write error: Invalid argument\n" });
    expect(booted.command("frobnicate").exitCode).toBe(127);
  });
});
