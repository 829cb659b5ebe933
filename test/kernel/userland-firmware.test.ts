// cxl update-firmware (cxl-update-firmware.sh), set-alert-config, wait-sanitize (cxl-sanitize.sh 1 and 2), and poison by command (cxl-poison.sh).
// Texts and exit codes as cxl 85 gives them over an exported tree.

import { describe, expect, it } from "vitest";
import { defaultMailbox } from "../../src/platform/description.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { memdevs, pass, store, twoDevices } from "../support/memdev.ts";

const second = 1_000_000_000;
const said = (text: string): string => `cxl memdev: cmd_${text}\n`;
const nothing = "  Warning: no matching devices found\n\n";
type Memdev = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const parse = (text: string): Memdev[] => JSON.parse(text) as Memdev[];
const imageOf = (bytes: number, revision = "SANDBOX V2"): string => (revision.padEnd(16, "\0") + "\u00ff".repeat(bytes)).slice(0, bytes);

describe("cxl update-firmware", () => {
  const boot = (): Booted => {
    const booted = bootMachine(twoDevices({ firmware: ["one", "two", ""] }));
    expect(store(booted, "/tmp/image", imageOf(5000))).toBe("ok");
    return booted;
  };
  const firmware = (booted: Booted, name = "mem0") => parse(booted.command(`cxl list -m ${name} -F`).stdout)[0]?.["firmware"];

  it("waits with -w until the image is staged in the slot behind the active one", () => {
    const booted = boot();
    const from = booted.system.hardware.now;
    const { exitCode, stdout, stderr } = booted.command("cxl update-firmware mem0 -F /tmp/image -w");
    expect([exitCode, stderr]).toEqual([0, said("update_fw: firmware update completed on 1 mem device")]);
    expect(parse(stdout)[0]?.["firmware"]).toEqual({ num_slots: 3, active_slot: 1, staged_slot: 2, online_activate_capable: true, slot_1_version: "one", slot_2_version: "SANDBOX V2", fw_update_in_progress: false });
    expect(booted.system.hardware.now - from).toBeGreaterThan(2 * second);
  });

  it("goes on in the background without -w, of several devices, told by list -F; -w alone waits for what is under way", () => {
    const booted = boot();
    const length = 20_000;
    store(booted, "/tmp/image", imageOf(length));
    expect(booted.command("cxl update-firmware all -F /tmp/image").stderr).toBe(said("update_fw: firmware update started on 2 mem devices"));
    // Who asks meanwhile gets the mailbox between two parts, of 1920 bytes.
    const looks = [firmware(booted), firmware(booted)];
    expect(looks).toMatchObject([{ fw_update_in_progress: true, remaining_size: length - 1920 }, { fw_update_in_progress: true }]);
    expect(Number(looks[1]?.["remaining_size"])).toBeLessThan(length - 1920);
    expect(firmware(booted, "mem1")).toMatchObject({ fw_update_in_progress: true });
    expect(booted.command("cxl update-firmware all -w").stderr).toBe(said("update_fw: firmware update completed on 2 mem devices"));
    expect([firmware(booted)?.["staged_slot"], firmware(booted, "mem1")?.["staged_slot"]]).toEqual([2, 2]);
  });

  it("-c gives up what is under way, and shows nothing; where nothing is, it fails without a word", () => {
    const booted = boot();
    booted.command("cxl update-firmware mem0 -F /tmp/image");
    expect(booted.command("cxl update-firmware mem0 -c")).toEqual({ exitCode: 0, stdout: "[]\n", stderr: nothing + said("update_fw: firmware update cancelled on 1 mem device") });
    pass(booted, 4 * second);
    expect(firmware(booted)).toMatchObject({ fw_update_in_progress: false });
    expect(firmware(booted)?.["staged_slot"]).toBeUndefined();
    expect(booted.command("cxl update-firmware mem0 -c")).toEqual({ exitCode: 1, stdout: "[]\n", stderr: nothing + said("update_fw: firmware update cancelled on 0 mem device") });
  });

  it("of an image that is not there, is empty, or comes during another fails, and the memdev is shown", () => {
    const booted = boot();
    const failed = (line: string): readonly [number, string] => {
      const { exitCode, stdout, stderr } = booted.command(line);
      expect(parse(stdout)[0]).toMatchObject({ memdev: "mem0", firmware: { num_slots: 3 } });
      return [exitCode, stderr];
    };
    const none = said("update_fw: firmware update started on 0 mem device");
    expect(failed("cxl update-firmware mem0 -F /nosuch")).toEqual([1, `libcxl: cxl_memdev_update_fw: failed to open: /nosuch: (No such file or directory)\ncxl memdev: action_update_fw: mem0 error: No such file or directory\n${none}`]);
    store(booted, "/tmp/empty", "");
    expect(failed("cxl update-firmware mem0 -F /tmp/empty")[1]).toContain("libcxl: cxl_memdev_update_fw: failed to map: /tmp/empty: (Invalid argument)\n");
    booted.command("cxl update-firmware mem0 -F /tmp/image");
    expect(failed("cxl update-firmware mem0 -F /tmp/image")[1]).toContain("libcxl: cxl_memdev_fwl_set_loading: mem0: failed to trigger fw loading to 1 (Device or resource busy)\ncxl memdev: action_update_fw: mem0 error: Device or resource busy\n");
  });
});

describe("cxl set-alert-config", () => {
  const alerts = (booted: Booted): Readonly<Record<string, unknown>> | undefined => parse(booted.command("cxl list -m mem0 -A").stdout)[0]?.["alert_config"];
  const refusal = (line: string): string => {
    const { exitCode, stdout, stderr } = bootMachine(twoDevices()).command(`cxl set-alert-config mem0 ${line}`);
    expect([exitCode, stdout]).toEqual([1, "[]\n"]);
    const end = nothing + said("set_alert_config: set alert configuration for 0 mem");
    expect(stderr.endsWith(end)).toBe(true);
    return stderr.slice("cxl memdev: ".length, -end.length - 1);
  };

  it("sets every threshold with its alert, switches alerts off, and leaves the others as they were", () => {
    const booted = bootMachine(twoDevices());
    const set = booted.command("cxl set-alert-config mem0 -L 40 --life-used-alert=on -O 60 --over-temperature-alert=on -U -5 --under-temperature-alert=on -V 100 --volatile-mem-err-alert=on -P 65535 --pmem-err-alert=on");
    expect([set.exitCode, set.stderr]).toEqual([0, said("set_alert_config: set alert configuration for 1 mem")]);
    const wanted = { life_used_prog_warn_threshold: 40, dev_over_temperature_prog_warn_threshold: 60, dev_under_temperature_prog_warn_threshold: 0xfffb, corrected_volatile_mem_err_prog_warn_threshold: 100, corrected_pmem_err_prog_warn_threshold: 65535 };
    expect(parse(set.stdout)[0]?.["alert_config"]).toMatchObject({ ...wanted, life_used_prog_warn_threshold_valid: true, corrected_pmem_err_prog_warn_threshold_valid: true });
    expect(booted.command("cxl set-alert-config mem0 --over-temperature-alert=off").exitCode).toBe(0);
    expect(alerts(booted)).toMatchObject({ life_used_prog_warn_threshold_valid: true, life_used_prog_warn_threshold: 40, dev_over_temperature_prog_warn_threshold_valid: false, dev_under_temperature_prog_warn_threshold_valid: true });
  });

  it("wants both a threshold and `on`, or `off` alone, and values within their bounds", () => {
    expect(["", "-L 5", "--life-used-alert=on", "--life-used-alert=maybe -L 5", "--life-used-alert=off -L 5", "-L xx --life-used-alert=on", "-P 0x10 --pmem-err-alert=on"].map(refusal)).toEqual([
      "action_set_alert_config: No action specified", "action_set_alert_config: Action not specified", "action_set_alert_config: Threshold not specified", "action_set_alert_config: Invalid action: maybe",
      "action_set_alert_config: Disable not require threshold", "action_set_alert_config: Invalid threshold: xx", "action_set_alert_config: Invalid threshold: 0x10",
    ]);
    expect(["-L 101 --life-used-alert=on", "-O -40000 --over-temperature-alert=on", "-U 32768 --under-temperature-alert=on", "-V 65536 --volatile-mem-err-alert=on", "-U 5 --under-temperature-alert=on -L -1 --life-used-alert=on"].map(refusal)).toEqual([
      "validate_alert_threshold: Invalid life used threshold: 101", "validate_alert_threshold: Invalid device temperature threshold: -40000", "validate_alert_threshold: Invalid device temperature threshold: 32768",
      "validate_alert_threshold: Invalid corrected mem error threshold: 65536", "validate_alert_threshold: Invalid life used threshold: -1",
    ]);
  });

  it("that the device refuses or does not have is told with the memdev, and leaves the old ones", () => {
    const without = bootMachine(twoDevices({ commands: defaultMailbox.commands.filter((name) => name !== "setAlerts") }));
    const { exitCode, stdout, stderr } = without.command("cxl set-alert-config mem0 -L 5 --life-used-alert=on");
    expect([exitCode, parse(stdout)[0]?.["alert_config"]?.["life_used_prog_warn_threshold_valid"], stderr]).toEqual([1, false, `cxl memdev: action_set_alert_config: mem0 error: No such device or address\n${said("set_alert_config: set alert configuration for 0 mem")}`]);
    const booted = bootMachine(twoDevices());
    store(booted, `${memdevs}/mem0/security/sanitize`, "1");
    expect(booted.command("cxl set-alert-config mem0 -L 5 --life-used-alert=on").stderr).toContain("cxl memdev: action_set_alert_config: cmd submission failed: Device or resource busy\ncxl memdev: action_set_alert_config: mem0 error: Device or resource busy\n");
  });
});

describe("cxl wait-sanitize", () => {
  it("waits at least as long as an idle memdev is being sanitized, and not at all for one that is not", () => {
    const booted = bootMachine(twoDevices({ backgroundTime: 2000 }));
    const idle = booted.system.hardware.now;
    expect(booted.command("cxl wait-sanitize all")).toEqual({ exitCode: 0, stdout: "", stderr: said("wait_sanitize: wait sanitize completed on 2 mem devices") });
    expect(booted.system.hardware.now).toBe(idle);
    store(booted, `${memdevs}/mem0/security/sanitize`, "1");
    const from = booted.system.hardware.now;
    expect(booted.command("cxl wait-sanitize mem0").stderr).toBe(said("wait_sanitize: wait sanitize completed on 1 mem device"));
    expect(booted.system.hardware.now - from).toBeGreaterThanOrEqual(2 * second);
    expect(booted.read(`${memdevs}/mem0/security/state`)).toBe("disabled\n");
  });

  it("gives up after -t milliseconds; 0 only looks, a negative one is for ever", () => {
    const booted = bootMachine(twoDevices({ backgroundTime: 2000 }));
    store(booted, `${memdevs}/mem0/security/sanitize`, "1");
    const from = booted.system.hardware.now;
    expect(booted.command("cxl wait-sanitize mem0 -t 105")).toEqual({ exitCode: 1, stdout: "", stderr: said("wait_sanitize: wait sanitize failed on 0 mem device") });
    expect(Math.round((booted.system.hardware.now - from) / 1e6)).toBe(105);
    expect(booted.command("cxl wait-sanitize mem0 -t 0").exitCode).toBe(1);
    expect(booted.command("cxl wait-sanitize all -t 5")).toEqual({ exitCode: 0, stdout: "", stderr: said("wait_sanitize: wait sanitize completed on 1 mem device") });
    expect(booted.command("cxl wait-sanitize mem0 -t -1").exitCode).toBe(0);
  });

  it("a memdev with an active region is not sanitized", () => {
    const booted = bootMachine(twoDevices());
    booted.command("cxl create-region -d decoder0.0 -t ram -m mem0");
    expect(store(booted, `${memdevs}/mem0/security/sanitize`, "1")).toBe("EBUSY");
    expect(booted.command("cxl wait-sanitize mem0").exitCode).toBe(0);
  });
});

describe("cxl inject-media-poison and clear-media-poison", () => {
  const errors = (booted: Booted): unknown => parse(booted.command("cxl list -m mem0 -L").stdout)[0]?.["media_errors"];

  it("add and take records of the poison list, by name, number or host, decimal or hexadecimal", () => {
    const booted = bootMachine(twoDevices());
    const to = (line: string): readonly [number, string, string] => {
      const { exitCode, stdout, stderr } = booted.command(line);
      return [exitCode, stdout, stderr];
    };
    expect(to("cxl inject-media-poison mem0 -a 0x1000")).toEqual([0, "", "cxl inject-media-poison: poison_action: poison injected at mem0:0x1000\n"]);
    expect(to("cxl inject-media-poison 0 -a 8192")[2]).toBe("cxl inject-media-poison: poison_action: poison injected at mem0:8192\n");
    expect(to("cxl inject-media-poison 0000:0d:00.0 --address 0x3000")[0]).toBe(0);
    expect(errors(booted)).toEqual([0x3000, 0x2000, 0x1000].map((offset) => ({ offset, length: 64, source: "Injected" })));
    expect(to("cxl clear-media-poison mem0 -a 0x2000")).toEqual([0, "", "cxl clear-media-poison: poison_action: poison cleared at mem0:0x2000\n"]);
    expect(errors(booted)).toEqual([0x3000, 0x1000].map((offset) => ({ offset, length: 64, source: "Injected" })));
  });

  it("are refused by the kernel, for a memdev that is not there or cannot, and for an address beyond 64 bits", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command("cxl inject-media-poison mem0 -a 0x1001")).toEqual({ exitCode: 1, stdout: "", stderr: "cxl inject-media-poison: poison_action: failed to inject poison at mem0:0x1001: Invalid argument\ncxl inject-media-poison: inject_poison_action: Failed to inject poison on mem0: Invalid argument\n" });
    expect(booted.command("cxl clear-media-poison mem9 -a 0")).toEqual({ exitCode: 1, stdout: "", stderr: 'cxl clear-media-poison: find_cxl_memdev: Memdev "mem9" not found\ncxl clear-media-poison: clear_poison_action: Failed to clear poison on mem9: No such device\n' });
    expect(booted.command("cxl inject-media-poison mem0 -a 18446744073709551616").stderr).toBe("cxl inject-media-poison: poison_action: invalid address: 18446744073709551616cxl inject-media-poison: inject_poison_action: Failed to inject poison on mem0: Invalid argument\n");
    booted.command("cxl disable-memdev mem0");
    expect(booted.command("cxl inject-media-poison mem0 -a 0").stderr).toContain("poison_action: mem0 does not support poison injection\n");
    expect(errors(bootMachine(twoDevices()))).toBeUndefined();
  });

  it("of protocol errors there are none: this machine has no EINJ", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command("cxl inject-protocol-error 0000:0c:00.0 -p mem -s fatal")).toEqual({ exitCode: 1, stdout: "", stderr: "cxl inject-protocol-error: find_cxl_proto_err: Invalid CXL protocol error type: mem-fatal\n" });
    expect(booted.command("cxl inject-protocol-error 0000:0c:00.0 -p mem").exitCode).toBe(129);
  });
});
