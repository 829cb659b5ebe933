// Labels of memdevs through cxl read-labels, write-labels, zero-labels (cxl-labels.sh in user-interface.md 7), and the files of /tmp that they name.
// Texts and exit codes as cxl 85 gives them over an exported tree.

import { describe, expect, it } from "vitest";
import { temporaryRoom } from "../../src/kernel/sysfs/temporary.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";
import { errnoOf, memdevs, store, twoDevices } from "../support/memdev.ts";

const area = 5000;
const boot = (): Booted => bootMachine(twoDevices({ payloadSize: 1024 }, { labelArea: BigInt(area) }));
const said = (count: string): string => `cxl memdev: cmd_${count}\n`;
/** Bytes with no pattern that slices share. */
const random = (length: number): string => String.fromCodePoint(...Array.from({ length }, (_, n) => (n * n * 31 + (n >> 3)) & 0xff));

describe("labels", () => {
  it("are read through every memdev, idle ones too, and concatenated", () => {
    const booted = boot();
    booted.command("cxl disable-memdev mem1");
    const { exitCode, stdout, stderr } = booted.command("cxl read-labels all");
    expect([exitCode, stdout.length, stderr]).toEqual([0, 2 * area, said("read_labels: read 2 mems")]);
  });

  it("that were written at random read the same, in slices of any size, and those of the other memdev stay", () => {
    const booted = boot();
    const bytes = random(area);
    expect(store(booted, "/tmp/in", bytes)).toBe("ok");
    expect(booted.command("cxl write-labels mem0 -i /tmp/in")).toEqual({ exitCode: 0, stdout: "", stderr: said("write_labels: wrote 1 mem") });
    expect(booted.command("cxl read-labels mem0 -o /tmp/out")).toEqual({ exitCode: 0, stdout: "", stderr: said("read_labels: read 1 mem") });
    expect(booted.read("/tmp/out") === bytes).toBe(true);
    expect(booted.command("cxl read-labels mem0 -s 100 -O 0x3f0").stdout).toBe(bytes.slice(0x3f0, 0x3f0 + 100));
    expect(booted.command("cxl read-labels mem1").stdout).toBe("\0".repeat(area));
  });

  it("of a quarter of a MiB come through a mailbox that takes them in one piece", () => {
    const booted = bootMachine(twoDevices({ payloadSize: 1 << 20 }, { labelArea: 256n * 1024n, barSize: 2n * MiB }));
    expect(booted.command("cxl read-labels mem0").stdout).toHaveLength(256 * 1024);
  });

  it("that were zeroed read zero, all of them or some", () => {
    const booted = boot();
    store(booted, "/tmp/in", "x".repeat(area));
    booted.command("cxl write-labels mem0 -i /tmp/in");
    expect(booted.command("cxl zero-labels mem0 -s 2000 -O 1500").stderr).toBe(said("zero_labels: zeroed 1 mem"));
    expect(booted.command("cxl read-labels mem0").stdout).toBe("x".repeat(1500) + "\0".repeat(2000) + "x".repeat(1500));
    expect(booted.command("cxl zero-labels all").stderr).toBe(said("zero_labels: zeroed 2 mems"));
    expect(booted.command("cxl read-labels mem0").stdout).toBe("\0".repeat(area));
  });

  it("written from a file take as much as it has; --size takes no more, and fails on less", () => {
    const booted = boot();
    store(booted, "/tmp/in", "0123456789");
    expect(booted.command("cxl write-labels mem0 -i /tmp/in -s 4 -O 2").exitCode).toBe(0);
    expect(booted.command("cxl read-labels mem0 -s 8").stdout).toBe("\0\u00000123\0\0");
    expect(booted.command("cxl write-labels mem0 -i /tmp/in -s 11")).toEqual({ exitCode: 1, stdout: "", stderr: said("write_labels: wrote 0 mem") });
    store(booted, "/tmp/in", "x".repeat(area + 1));
    expect(booted.command("cxl write-labels mem0 -i /tmp/in")).toEqual({ exitCode: 1, stdout: "", stderr: `cxl memdev: action_write: File size (${area + 1}) greater than label area size (${area}), aborting\n${said("write_labels: wrote 0 mem")}` });
  });

  it("beyond the area are the device's to refuse, and half-written ones are warned of", () => {
    const booted = boot();
    const status = "libcxl: lsa_op: mem0: firmware status: 2\n";
    expect(booted.command(`cxl read-labels mem0 -O ${area - 1} -s 2`)).toEqual({ exitCode: 1, stdout: "", stderr: `${status}cxl memdev: action_read: mem0: label read failed: No such device or address\n${said("read_labels: read 0 mem")}` });
    store(booted, "/tmp/in", "ab");
    expect(booted.command(`cxl write-labels mem0 -i /tmp/in -O ${area - 1}`).stderr).toBe(`${status}libcxl: lsa_op: mem0: labels may be in an inconsistent state\ncxl memdev: action_write: mem0: label write failed: No such device or address\n${said("write_labels: wrote 0 mem")}`);
    expect(booted.command(`cxl zero-labels mem0 -O ${area}`).stderr).toContain("cxl memdev: action_zero: mem0: label zeroing failed: No such device or address\n");
  });

  it("of a device that has none are none; more is a command that the library cannot make", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command("cxl read-labels mem0")).toEqual({ exitCode: 0, stdout: "", stderr: said("read_labels: read 1 mem") });
    expect(booted.command("cxl read-labels mem0 -s 4").stderr).toContain("cxl memdev: action_read: mem0: label read failed: Cannot allocate memory\n");
  });

  it("are not read while the device is being sanitized", () => {
    const booted = boot();
    store(booted, `${memdevs}/mem0/security/sanitize`, "1");
    const { exitCode, stderr } = booted.command("cxl read-labels mem0");
    expect([exitCode, stderr]).toEqual([1, `libcxl: lsa_op: mem0: cmd submission failed: Device or resource busy\ncxl memdev: action_read: mem0: label read failed: Device or resource busy\n${said("read_labels: read 0 mem")}`]);
  });

  it("are the nvdimm's alone to write while it is there: the tool refuses, the kernel refuses, reading goes on", () => {
    const booted = bootMachine(twoDevices({}, { persistentCapacity: 256n * MiB, labelArea: 4096n }), { restrictions: { persistent: true } });
    store(booted, "/tmp/in", "abcd");
    expect(booted.files.exists(`${memdevs}/mem0/pmem0/driver`)).toBe(true);
    expect(booted.command("cxl write-labels mem0 -i /tmp/in")).toEqual({ exitCode: 1, stdout: "", stderr: `cxl memdev: action_write: mem0: has active nvdimm bridge, abort label write\n${said("write_labels: wrote 0 mem")}` });
    expect(booted.command("cxl zero-labels mem0").stderr).toContain("cxl memdev: action_zero: mem0: has active nvdimm bridge, abort label write\n");
    expect(errnoOf(() => booted.run(booted.files.send("/dev/cxl/mem0", "setLabels", new Uint8Array(12), 0)))).toBe("EBUSY");
    expect(booted.command("cxl read-labels mem0").stdout).toHaveLength(4096);
    booted.command("cxl disable-memdev mem0");
    expect(booted.command("cxl write-labels mem0 -i /tmp/in").exitCode).toBe(0);
    expect(booted.command("cxl read-labels mem0 -s 4").stdout).toBe("abcd");
  });

  it("are written to one memdev only, from a file that is there", () => {
    const booted = boot();
    expect(booted.command("cxl write-labels all -i /nowhere")).toEqual({ exitCode: 1, stdout: "", stderr: "cxl memdev: memdev_action: failed to open: /nowhere: (No such file or directory)\n" });
    store(booted, "/tmp/in", "a");
    const all = booted.command("cxl write-labels all -i /tmp/in");
    expect([all.exitCode, all.stderr.startsWith("  Error: write-labels only supports writing a single memdev\n\n\n usage: cxl write-labels <memdev> [-i <filename>]\n\n")]).toEqual([129, true]);
    expect(booted.command("cxl read-labels mem0 -o /nowhere/out").stderr).toBe("cxl memdev: memdev_action: failed to open: /nowhere/out: (No such file or directory)\n");
    expect(booted.command("cxl write-labels mem0").stderr).toContain(`File size (18446744073709551615) greater than label area size (${area}), aborting`);
    expect(booted.command("cxl read-labels mem0 foo -s 1").stderr).toBe(`cxl memdev: memdev_action: 'foo' is not a valid memdev name\ncxl memdev: memdev_action: no memdev matches foo\n${said("read_labels: read 1 mem")}`);
  });
});

describe("/tmp", () => {
  it("has what was written last, at its end what was appended, and no longer what was removed", () => {
    const { files, run } = boot();
    run(files.write("/tmp/a", "one\n"));
    run(files.write("/tmp/a", "two\n"));
    run(files.append("/tmp/a", "three\n"));
    run(files.append("/tmp/b", "new"));
    expect([files.read("/tmp/a"), files.read("/tmp/../tmp/./b"), files.list("/tmp")]).toEqual(["two\nthree\n", "new", ["a", "b"]]);
    files.remove("/tmp/a");
    expect([files.list("/tmp"), errnoOf(() => files.read("/tmp/a")), errnoOf(() => files.remove("/tmp/a"))]).toEqual([["b"], "ENOENT", "ENOENT"]);
  });

  it("is full at its size: what does not fit changes nothing, and what is removed makes room", () => {
    const booted = boot();
    expect(store(booted, "/tmp/big", "x".repeat(temporaryRoom))).toBe("ok");
    expect(store(booted, "/tmp/more", "y")).toBe("ENOSPC");
    expect(booted.files.list("/tmp")).toEqual(["big"]);
    expect(store(booted, "/tmp/big", "x".repeat(temporaryRoom + 1))).toBe("ENOSPC");
    expect(booted.read("/tmp/big")).toHaveLength(temporaryRoom);
    const full = booted.command("cxl read-labels mem0 -o /tmp/labels");
    expect([full.exitCode, full.stderr]).toEqual([1, `cxl memdev: action_read: failed to write: /tmp/labels: (No space left on device)\n${said("read_labels: read 0 mem")}`]);
    booted.files.remove("/tmp/big");
    expect(store(booted, "/tmp/more", "y")).toBe("ok");
  });

  it("holds files only, of bounded names, and nothing can be made or removed elsewhere", () => {
    const booted = boot();
    const { files } = booted;
    expect(["/tmp/folder/x", "/nowhere/x", "/sys/x", "/tmp/", "/tmp/.."].map((path) => store(booted, path, "x"))).toEqual(["ENOENT", "ENOENT", "ENOENT", "EISDIR", "EISDIR"]);
    expect([store(booted, `/tmp/${"n".repeat(256)}`, "x"), errnoOf(() => files.remove("/dev/kmsg")), errnoOf(() => files.remove("/sys"))]).toEqual(["EINVAL", "EPERM", "EISDIR"]);
    expect(booted.command('sh -c "echo hello > /tmp/x"').exitCode).toBe(0);
    expect(booted.command("cat /tmp/x").stdout).toBe("hello\n");
  });
});
