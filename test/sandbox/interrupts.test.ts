// Ctrl-C in front of a machine: where Linux waits interruptibly the wait ends with EINTR and the program with it; elsewhere the command goes on until
// it comes back (dax-memory 6, user-interface 5; S82, S83). Nothing is left half done: it is tested by going on working.

import { describe, expect, it } from "vitest";
import type { Seat } from "../support/session.ts";
import { sit, twoCards } from "../support/session.ts";

const block = "/sys/devices/system/memory/memory";
const create = "  - run: cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram\n";
const movable = "use: system-ram-movable, online: online_movable";
const pinned = (until = ""): string => twoCards(`steps:\n${create}workloads: [{ pin: { name: nic, memory: "\${dax:region0}"${until} } }]\n`, movable);

/** The block with the highest address: the card's. */
const lastBlock = (seat: Seat): string => String(Math.max(...seat.session.run.files.list("/sys/devices/system/memory").filter((name) => /^memory\d+$/.test(name)).map((name) => Number(name.slice("memory".length)))));
/** Goes on slice by slice, at most `slices`; whether the line still runs. */
function some(seat: Seat, slices: number): boolean {
  for (let i = 0; i < slices; i++) if (seat.session.goOn(() => true) !== "paused") return false;
  return true;
}

/** Goes on until something holds; the line must still run then. */
function goOnUntil(seat: Seat, holds: () => boolean): void {
  while (!holds()) expect(seat.session.goOn(() => true)).toBe("paused");
}

describe("a wait that a signal ends", () => {
  it("[S82] [S83] offlining that a pin holds up ends with EINTR, the block stays online, and it works when the pin is gone", () => {
    const seat = sit(pinned(", until: 5s"));
    const state = `${block}${lastBlock(seat)}/state`;
    seat.session.start(`echo offline > ${state}; echo not reached`);
    goOnUntil(seat, () => seat.read(state) === "going-offline\n");
    expect(seat.session.interrupt()).toBeNull();
    expect([seat.goOn(), seat.session.status, seat.read(state)]).toEqual(["ended", 130, "online\n"]);
    expect(seat.said.out).not.toContain("not reached");
    expect(seat.type(`advance 6s; echo offline > ${state}; cat ${state}`)).toMatchObject({ out: "offline\n", status: 0 });
  });

  it("[S82] a pin that never goes leaves nothing that is due: the session says idle, time stands still, and Ctrl-C ends the command", () => {
    const seat = sit(pinned());
    expect(seat.type("daxctl offline-memory dax0.0").progress).toBe("idle");
    const at = seat.now();
    expect([seat.goOn(), seat.now()]).toEqual(["idle", at]);
    seat.session.interrupt();
    expect([seat.goOn(), seat.session.status]).toEqual(["ended", 130]);
    expect(seat.type("cxl list -R").out).toContain("region0");
  });

  it("a store that waits for the region lock ends, while the one that holds it goes on", () => {
    const seat = sit(twoCards());
    const region = seat.type("cat /sys/bus/cxl/devices/decoder0.0/create_ram_region").out.trim();
    const at = `/sys/bus/cxl/devices/${region}`;
    const endpoint = seat.type("echo ${endpoint:rp0}").out.trim().replace("endpoint", "decoder");
    const set = [`echo ${region} > /sys/bus/cxl/devices/decoder0.0/create_ram_region`, `echo 256 > ${at}/interleave_granularity`, `echo 1 > ${at}/interleave_ways`, `echo 0x20000000 > ${at}/size`, `echo ram > /sys/bus/cxl/devices/${endpoint}.0/mode`, `echo 0x20000000 > /sys/bus/cxl/devices/${endpoint}.0/dpa_size`, `echo ${endpoint}.0 > ${at}/target0`];
    expect(seat.type(set.join(" && ")).status).toBe(0);
    expect(seat.type("inject neverCommit: { of: d0 }").status).toBe(0);
    seat.session.start(`echo 1 > ${at}/commit`);
    expect(some(seat, 12)).toBe(true);
    seat.session.interrupt();
    expect(some(seat, 3)).toBe(true);
    expect(seat.session.interrupt()).toMatch(/in the kernel, where no signal reaches it: .*Once more leaves it there/);
    expect(seat.session.interrupt()).toContain("left behind: echo 1 >");
    const started = seat.now();
    seat.session.start(`echo 0 > ${at}/size`);
    expect(some(seat, 3)).toBe(true);
    seat.session.interrupt();
    expect([seat.goOn(), seat.session.status]).toEqual(["ended", 130]);
    // The commit gives up after 20 ms of polling: the second command did not wait for it.
    expect(seat.now() - started).toBeLessThan(19_000_000);
    expect(seat.type(`cat ${at}/size`).out).toBe("0x20000000\n");
    expect(seat.type("settle").status).toBe(0);
    expect(seat.type(`cat ${at}/commit; echo 0 > ${at}/commit; echo ${region} > /sys/bus/cxl/devices/decoder0.0/delete_region`)).toMatchObject({ out: "0\n", err: "", status: 0 });
  });

  it("programs that sleep or follow end at once, with what was printed before", () => {
    const seat = sit(twoCards());
    for (const line of ["advance 100s", "sleep 100", "dmesg -w", "cxl monitor"]) {
      seat.session.start(line);
      const at = seat.now();
      expect(seat.session.goOn(() => true)).not.toBe("ended");
      seat.session.interrupt();
      expect([line, seat.goOn(), seat.session.status]).toEqual([line, "ended", 130]);
      expect(seat.now() - at).toBeLessThan(100_000_000_000);
    }
    expect(seat.said.out).toContain("Linux version");
    expect(seat.type("cat /sys/kernel/tracing/events/cxl/enable").out).toBe("0\n");
  });

  it("a list of media errors that is ended at any of its steps leaves no event recorded", () => {
    const enable = "/sys/kernel/tracing/events/cxl/cxl_poison/enable";
    let wasOn = false;
    for (let slices = 1; ; slices += 2) {
      const seat = sit(twoCards());
      seat.session.start("cxl list -M -L");
      if (!some(seat, slices)) break;
      wasOn ||= seat.read(enable) === "1\n";
      seat.session.interrupt();
      expect([slices, seat.goOn(), seat.read(enable)]).toEqual([slices, "ended", "0\n"]);
    }
    expect(wasOn).toBe(true);
  });

  it("the prompt stands where it stood, wherever a pipe or a shell within had gone, and what was written to a file of /tmp is there", () => {
    const seat = sit(twoCards());
    for (const line of ["cd /sys | sleep 100", "sh -c 'cd /sys; sleep 100'", "dmesg -w > /tmp/log", "sh -c 'echo begun; sleep 100' >> /tmp/begun"]) {
      seat.session.start(line);
      expect(seat.session.goOn(() => true)).not.toBe("ended");
      seat.session.interrupt();
      expect([line, seat.goOn(), seat.session.status]).toEqual([line, "ended", 130]);
      expect([line, seat.type("pwd").out]).toEqual([line, "/\n"]);
    }
    expect(seat.type("cat /tmp/begun; grep -c . /tmp/log").out).toMatch(/^begun\n[1-9]\d*\n$/);
  });
});

describe("a wait that no signal reaches", () => {
  const pinnedDevice = (until: string): string => twoCards(`steps:\n${create}workloads: [{ pin: { name: nic, memory: "\${dax:region0}"${until} } }]\n`);

  it("[S82] unbinding a dax device with pinned pages goes on; the second Ctrl-C says why, the third gives the prompt back, and the machine works on", () => {
    const seat = sit(pinnedDevice(", until: 5s"));
    seat.session.start("echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind");
    goOnUntil(seat, () => seat.session.run.system.scheduler.waiting.has("pins:dax0.0"));
    expect(seat.session.interrupt()).toBeNull();
    expect(seat.session.interrupt()).toContain("pages of dax0.0 are pinned");
    expect(seat.session.interrupt()).toBe("left behind: echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind");
    expect(seat.goOn()).toBe("ended");
    expect(seat.type("echo $?; cxl list -M").out).toMatch(/^130\n.*mem0/s);
    expect(seat.type("advance 6s; ls /sys/bus/dax/drivers/device_dax").out).not.toContain("dax0.0");
    expect(seat.type("echo dax0.0 > /sys/bus/dax/drivers/device_dax/bind; ls /sys/bus/dax/drivers/device_dax").out).toContain("dax0.0");
  });

  it("a command that comes back from such a wait ends there, and what stood behind it does not run", () => {
    const seat = sit(pinnedDevice(", until: 5s"));
    seat.session.start("echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind && echo not reached");
    goOnUntil(seat, () => seat.session.run.system.scheduler.waiting.has("pins:dax0.0"));
    const at = seat.now();
    seat.session.interrupt();
    expect([seat.goOn(), seat.session.status]).toEqual(["ended", 130]);
    expect(seat.now() - at).toBeGreaterThan(4_000_000_000);
    expect(seat.said.out).not.toContain("not reached");
    expect(seat.type("ls /sys/bus/dax/drivers/device_dax").out).not.toContain("dax0.0");
  });
});

describe("Ctrl-C at any moment of a command", () => {
  it("after each of its steps: the command ends, and then everything can be taken down and built again", () => {
    for (const line of ["cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1", "cxl disable-memdev mem0", "echo 1 > /sys/bus/pci/devices/${pci:rp1}/remove"]) {
      let isOver = false;
      for (let slices = 0; !isOver; slices += slices < 12 ? 1 : 7) {
        const seat = sit(twoCards());
        seat.session.start(line);
        isOver = !some(seat, slices);
        seat.session.interrupt();
        expect([line, slices, seat.goOn()]).toEqual([line, slices, "ended"]);
        expect([0, 130]).toContain(seat.session.status);
        seat.type("settle; echo 1 > /sys/bus/pci/rescan; settle; cxl enable-memdev all; settle; cxl destroy-region -f all");
        for (const name of seat.type("ls /sys/bus/cxl/devices").out.split("\n").filter((one) => /^region\d+$/.test(one))) seat.type(`echo ${name} > /sys/bus/cxl/devices/decoder0.0/delete_region`);
        for (const port of ["rp0", "rp1"]) seat.type(`cxl free-dpa -t ram \${mem:${port}}`);
        const made = seat.type("cxl create-region -d decoder0.0 -w 2 -m -t ram ${mem:rp0} ${mem:rp1}");
        expect([line, slices, made.status, made.err]).toEqual([line, slices, 0, "cxl region: cmd_create_region: created 1 region\n"]);
      }
    }
  });
});
