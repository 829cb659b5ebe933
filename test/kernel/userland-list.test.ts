// `cxl list` with flags that ask devices, and commands on memdevs and ports: keys, order and words as captured (4-events, 2b-two-way-ram).

import { describe, expect, it } from "vitest";
import { bootMachine } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";
import { act, memdevWith, tracing, twoDevices } from "../support/memdev.ts";

type Parsed = { readonly [key: string]: Parsed } & readonly Parsed[] & { readonly length: number };
const keys = (value: Parsed | undefined): string[] => Object.keys(value ?? {});

const alertKeys = [
  ...["valid", "writable"].flatMap((what) => ["life_used", "dev_over_temperature", "dev_under_temperature", "corrected_volatile_mem_err", "corrected_pmem_err"].map((name) => `${name}_prog_warn_threshold_${what}`)),
  "life_used_crit_alert_threshold", "life_used_prog_warn_threshold", "dev_over_temperature_crit_alert_threshold", "dev_under_temperature_crit_alert_threshold", "dev_over_temperature_prog_warn_threshold",
  "dev_under_temperature_prog_warn_threshold", "corrected_volatile_mem_err_prog_warn_threshold", "corrected_pmem_err_prog_warn_threshold",
];

describe("cxl list asks devices", () => {
  it("shows health, alerts, partitions and firmware in the captured places and order", () => {
    const booted = bootMachine(twoDevices());
    const name = memdevWith(booted, 1n);
    const [memdev] = JSON.parse(booted.command(`cxl list -M -m ${name} -HIFA`).stdout) as Parsed;
    expect(keys(memdev)).toEqual(["memdev", "ram_size", "health", "alert_config", "serial", "host", "firmware_version", "poison_injectable", "partition_info", "firmware"]);
    expect(keys(memdev?.["alert_config"])).toEqual(alertKeys);
    expect(memdev?.["partition_info"]).toEqual({ total_size: 268435456, volatile_only_size: 268435456, persistent_only_size: 0, partition_alignment_size: 0 });
    expect(keys(memdev?.["firmware"]).filter((key) => !key.startsWith("slot_"))).toEqual(["num_slots", "active_slot", "online_activate_capable", "fw_update_in_progress"]);
    expect(keys(memdev?.["health"]).slice(0, 4)).toEqual(["maintenance_needed", "performance_degraded", "hw_replacement_needed", "media_normal"]);
  });

  it("leaves out what a device does not answer", () => {
    const booted = bootMachine(twoDevices());
    act(booted, { kind: "mailboxFault", device: "d0", fault: "return-code", value: 0x04, count: 1 });
    const [memdev] = JSON.parse(booted.command(`cxl list -M -m ${memdevWith(booted, 1n)} -H`).stdout) as Parsed;
    expect(keys(memdev)).toEqual(["memdev", "ram_size", "serial", "host", "firmware_version", "poison_injectable"]);
  });

  it("lists media errors of memdevs by device address, of regions by offset with the highest position first, and none when cleared", () => {
    const booted = bootMachine(twoDevices());
    const [first, second] = [memdevWith(booted, 2n), memdevWith(booted, 1n)];
    booted.command(`cxl create-region -d decoder0.0 -w 2 -m -t ram ${first} ${second}`);
    act(booted, { kind: "poison", device: "d0", dpa: 0x2000n, length: 256 });
    act(booted, { kind: "poison", device: "d1", dpa: 0x3040n, length: 128 });
    const errors = (line: string): Parsed | undefined => (JSON.parse(booted.command(line).stdout) as Parsed)[0]?.["media_errors"];
    expect(errors(`cxl list -m ${first} -L`)).toEqual([{ offset: 12352, length: 128, source: "Internal" }]);
    expect(errors("cxl list -R -L")).toEqual([{ offset: 16640, length: 256, source: "Internal" }, { offset: 24640, length: 128, source: "Internal" }]);
    expect((JSON.parse(booted.command("cxl list -R -L -u").stdout) as Parsed)["media_errors"]?.[0]).toEqual({ offset: "0x4100", length: 256, source: "Internal" });
    expect(booted.read(`${tracing}/events/cxl/cxl_poison/enable`)).toBe("0\n");
    for (const [name, dpa] of [[first, "0x3040"], [first, "0x3080"]]) booted.command(`sh -c "echo ${dpa} > /sys/kernel/debug/cxl/${name}/clear_poison"`);
    expect(errors(`cxl list -m ${first} -L`)).toBeUndefined();
  });
});

describe("commands on memdevs and ports", () => {
  it("reserve-dpa and free-dpa take the next decoder in sequence and tell which", () => {
    const booted = bootMachine(twoDevices({}, { volatileCapacity: 512n * MiB }));
    const reserved = booted.command("cxl reserve-dpa mem0 -t ram -s 256M");
    expect(reserved.stderr).toBe("cxl memdev: cmd_reserve_dpa: reservation completed on 1 mem device\n");
    expect((JSON.parse(reserved.stdout) as Parsed)[0]?.["decoder"]).toEqual({ decoder: "decoder2.0", interleave_ways: 1, state: "disabled", dpa_resource: 0, dpa_size: 268435456, mode: "ram" });
    expect(booted.command("cxl reserve-dpa mem0 -s 1G")).toEqual({ exitCode: 1, stdout: "[]\n", stderr: "cxl memdev: __reserve_dpa: mem0: '1G' exceeds available capacity\n  Warning: no matching devices found\n\ncxl memdev: cmd_reserve_dpa: reservation completed on 0 mem device\n" });
    expect(booted.command("cxl reserve-dpa mem0").exitCode).toBe(0);
    expect(booted.command("cxl free-dpa mem0 -d 0").stderr).toContain("cxl memdev: __reserve_dpa: mem0: decoder2.0 is out of sequence\n");
    expect((JSON.parse(booted.command("cxl free-dpa mem0").stdout) as Parsed)[0]?.["decoder"]?.["decoder"]).toBe("decoder2.1");
  });

  it("set-partition divides what can be partitioned, from the next reset on", () => {
    const booted = bootMachine(twoDevices({ partitionAlignment: 256n * MiB }, { volatileCapacity: 512n * MiB, persistentCapacity: 512n * MiB }));
    const set = booted.command("cxl set-partition mem0 -t ram -s 256M");
    expect(set.stderr).toBe("cxl memdev: cmd_set_partition: set_partition 1 mem\n");
    const info = (JSON.parse(set.stdout) as Parsed)[0]?.["partition_info"];
    expect([info?.["active_volatile_size"], info?.["next_volatile_size"], info?.["next_persistent_size"]]).toEqual([536870912, 268435456, 805306368]);
    expect(booted.command("cxl set-partition mem0 -t ram -s 100M").stderr).toBe("cxl memdev: partition_align: mem0: size 104857600 is not partition aligned 268435456\n  Warning: no matching devices found\n\ncxl memdev: cmd_set_partition: set_partition 0 mem\n");
    expect(booted.command("cxl set-partition mem0 -t ram -s 100M --align").exitCode).toBe(0);
    const fixed = bootMachine(twoDevices());
    expect(fixed.command("cxl set-partition mem0")).toEqual({ exitCode: 1, stdout: "[]\n", stderr: "cxl memdev: validate_partition: mem0: no available capacity\n  Warning: no matching devices found\n\ncxl memdev: cmd_set_partition: set_partition 0 mem\n" });
  });

  it("disable-port and disable-bus refuse while enabled memdevs are below", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command("cxl disable-port port1")).toEqual({ exitCode: 1, stdout: "", stderr: "cxl port: action_disable: port1 hosts 2 memdevs which are part of an active region\ncxl port: action_disable: See 'cxl list -M -p port1' to see impacted devices\ncxl port: cmd_disable_port: disabled 0 port\n" });
    expect(booted.command("cxl disable-bus root0").stderr).toContain("cxl bus: cmd_disable_bus: disabled 0 bus\n");
    expect(booted.command("cxl disable-memdev mem7")).toEqual({ exitCode: 0, stdout: "", stderr: "cxl memdev: memdev_action: no memdev matches mem7\ncxl memdev: cmd_disable_memdev: disabled 0 mem\n" });
  });

  it("create-region takes only memdevs that are there, and says so as captured (3-fail-missing-sr)", () => {
    const booted = bootMachine(twoDevices());
    booted.command("cxl disable-memdev mem1");
    expect(booted.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1")).toEqual({ exitCode: 1, stdout: "", stderr: "cxl region: validate_ways: Interleave ways 2 is greater than number of memdevs specified: 1\ncxl region: cmd_create_region: created 0 regions\n" });
    expect(booted.command("cxl create-region -m mem0").stderr).toBe("cxl region: parse_create_options: no root decoder specified\ncxl region: cmd_create_region: created 0 regions\n");
    expect(booted.command("cxl create-region -d decoder0.0 -m mem0 -t pmem").stderr).toContain("cxl region: validate_decoder: decoder0.0 is not pmem capable\n");
    expect(booted.command("cxl create-region -d decoder0.0 -m mem0 -t ram -s 8G").stderr).toContain("create_region: decoder0.0: region size 0x200000000 exceeds max available space (0x100000000)\n");
  });

  it("destroy-region stops at the first target that is missing, as captured (3-fail-missing-sr)", () => {
    const booted = bootMachine(twoDevices());
    booted.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1");
    booted.command("cxl disable-memdev mem1 -f");
    expect(booted.command("cxl destroy-region region0")).toEqual({
      exitCode: 1, stdout: "",
      stderr: "libcxl: cxl_region_get_target_decoder: region0: error locating decoder for target1\ncxl region: decoder_region_action: region0: failed: No such device or address\ncxl region: region_action: one or more failures, last failure: No such device or address\ncxl region: cmd_destroy_region: destroyed 0 regions\n",
    });
  });
});
