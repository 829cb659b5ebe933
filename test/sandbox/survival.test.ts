// A session survives whatever is typed: paths outside the tree, huge arguments, binary bytes, thousands of commands, lines of chance.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTree } from "../support/session-tree.ts";
import type { Seat } from "../support/session.ts";
import { sit, twoCards } from "../support/session.ts";

const region = "steps:\n  - run: cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram\n";

describe("survival", () => {
  it("paths outside the tree end in an error of the file system, never elsewhere", () => {
    const seat = sit(twoCards());
    for (const path of ["/etc/passwd", "/../../../etc/passwd", "../../etc/passwd", "/sys/../../../root", "//", "/proc/self/mem", "/dev/sda", "/tmp/../etc/passwd", "''", "/sys/bus/cxl/devices/mem0/../../../../../../../../etc/passwd", "file:///etc/passwd", "C:\\\\x", "~"]) {
      const { out, status } = seat.type(`cat ${path}`);
      expect([path, out, status]).toEqual([path, "", 1]);
      expect([path, seat.type(`echo x > ${path}`).status]).toEqual([path, 1]);
    }
    expect(seat.type("cd ../../../..; pwd; ls").out).toBe("/\ndev\nlib\nproc\nsys\ntmp\n");
  });

  it("an argument of a mebibyte is refused as Linux does, or stored, and costs no more than its length", () => {
    const seat = sit(twoCards());
    const huge = "x".repeat(1 << 20);
    expect(seat.type(`cat ${huge}`)).toMatchObject({ err: "sh: cat: Argument list too long\n", status: 126 });
    expect(seat.type(`${huge} a`).status).toBe(127);
    expect(seat.type(`echo ${huge} > /sys/bus/cxl/devices/decoder0.0/create_ram_region`).status).toBe(1);
    expect(seat.type(`echo ${huge} | cat > /tmp/huge; cat /tmp/huge`).out.length).toBe(huge.length + 1);
    for (const letter of ["'", '"', "\\", "[", "*", "$", "(", "|", ";", "#", ">", "a ", "/", "${", "{"]) expect(seat.type(letter.repeat((1 << 20) / letter.length)).status).toBeGreaterThanOrEqual(0);
    expect(seat.type("cxl list -M -m mem0").out).toContain("mem0");
  });

  it("bytes of every value pass through echo, pipes and files as they are", () => {
    const seat = sit(twoCards());
    const bytes = Array.from({ length: 256 }, (_, value) => String.fromCharCode(value)).join("");
    const escaped = Array.from({ length: 256 }, (_, value) => `\\x${value.toString(16).padStart(2, "0")}`).join("");
    expect(seat.type(`echo -n -e '${escaped}' | cat | cat`).out).toBe(bytes);
    expect(seat.type(`echo -n -e '${escaped}' > /tmp/bytes; cat /tmp/bytes`).out).toBe(bytes);
    expect(seat.type(`echo -n $'${escaped.slice(4)}'`).out).toBe(bytes.slice(1));
    expect(seat.type(`echo -n '${bytes.replaceAll("'", "")}'`).out).toBe(bytes.slice(1).replaceAll("'", ""));
    expect(seat.type("echo -e '0\\0junk' > /sys/kernel/tracing/tracing_on; cat /sys/kernel/tracing/tracing_on").out).toBe("0\n");
  });

  it("after ten thousand commands the machine is as before, and nothing has grown", () => {
    const seat = sit(twoCards(region));
    const { scheduler, kernel, hardware } = seat.session.run.system;
    const sizes = (): readonly number[] => [kernel.trace.strings.length, scheduler.threads.size, scheduler.waiting.size, scheduler.signalled.size, kernel.tasks.unstarted.size, kernel.state.size, kernel.devices.size, kernel.log.length, hardware.exports.memory.buffer.byteLength];
    const lines = ["cxl list -RTi", "echo a | cat > /dev/null", "cat /proc/iomem", "nothing", "echo 'x", "cd /sys; pwd; cd /", "echo $? ${mem:rp0}", "ls /sys/bus/cxl/devices/mem*", "faults", "trace 5", "dmesg -l err", "echo x > /sys/nothing", "echo 7 > /sys/bus/cxl/devices/region0/size", "daxctl list", "settle", "echo a > /tmp/x"];
    for (const line of lines) seat.type(line);
    const tree = readTree(seat);
    const before = sizes();
    for (let i = 0; i < 10_000; i++) {
      const line = lines[i % lines.length] ?? "";
      if (i % 50 === 0) {
        seat.said.out = "";
        seat.said.err = "";
      }
      seat.type(line);
    }
    expect(sizes()).toEqual(before);
    expect(readTree(seat)).toEqual(tree);
  }, 240_000);
});

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("cxl", "daxctl", "list", "create-region", "destroy-region", "disable-memdev", "enable-memdev", "cat", "echo", "ls", "cd", "pwd", "dmesg", "modprobe", "rmmod", "cxl_mem", "dax_cxl", "advance", "1ms", "settle", "inject", "linkDown:", "rp0", "faults", "trace", "help", "sleep", "sh", "-c", "true", "false", "readlink") },
  { weight: 6, arbitrary: fc.constantFrom("/sys/bus/cxl/devices/*", "/sys/bus/cxl/devices/mem0/serial", "/sys/bus/cxl/devices/region0/commit", "/sys/bus/pci/devices/${pci:rp0}/remove", "/sys/bus/pci/rescan", "/proc/iomem", "/dev/kmsg", "/tmp/f", "mem0", "region0", "decoder0.0", "dax0.0", "${mem:rp1}", "${dax:region0}", "-f", "-RTi", "--region", "0", "1", "all", "*", "[a-", "$?") },
  { weight: 6, arbitrary: fc.constantFrom("|", ">", ">>", "<", "2>", "2>&1", ">&2", ";", "&&", "||", "&", "(", ")", "'", '"', "\\", "#", "$", "`", "{", "}", "\n", "\0") },
  { weight: 2, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes)) },
);
const anyLine = fc.array(word, { maxLength: 12 }).chain((parts) => fc.constantFrom(" ", " ", "").map((gap) => parts.join(gap)));

/** A line with an interrupt after some of its slices, and what every line must leave behind. */
function tryLine(seat: Seat, line: string, slices: number): void {
  if (seat.session.isOver) return;
  seat.session.start(line);
  for (let i = 0; i < slices; i++) if (seat.session.goOn(() => true) !== "paused") break;
  for (let i = 0; i < 3 && seat.goOn() === "idle"; i++) seat.session.interrupt();
  expect(seat.goOn()).toBe("ended");
  expect(Number.isInteger(seat.session.status) && seat.session.status >= 0 && seat.session.status <= 255).toBe(true);
}

describe("lines of chance", () => {
  it("never are an internal error: each ends, with an exit code, and the next one runs", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyLine, fc.nat(30)), { minLength: 1, maxLength: 12 }), (lines) => {
        const seat = sit(twoCards(region));
        for (const [line, slices] of lines) tryLine(seat, line, slices);
        if (seat.session.isOver || seat.session.death !== null) return;
        seat.said.out = "";
        tryLine(seat, "echo still here", 0);
        expect(seat.said.out).toBe("still here\n");
      }),
      { numRuns: 150, seed: 6 },
    );
  }, 240_000);
});
