// QEMU's command line for machines of several shapes.

import { describe, expect, test } from "vitest";
import { planScenario } from "../scenario/plan.ts";
import { qemuProblems } from "./qemu-topology.ts";
import { pluggableDevices, qemuWords, servedLimits, shellText, unpluggableSwitches } from "./qemu.ts";

const machineOf = (text: string) => planScenario("served.yaml", `version: 1\nname: served\n${text}`).machine;
const socketOf = (name: string): string => `/run/a, b/${name}.sock`;
const given = { kernel: "vmlinuz", initrd: "initrd.img", monitor: "/run/a, b/qmp.sock", socketOf };
const wordsOf = (text: string): string[] => qemuWords(machineOf(text), given);
/** Values of an option, in order. */
const valuesOf = (words: readonly string[], option: string): string[] => words.flatMap((word, index) => (words[index - 1] === option ? [word] : []));
const served = (id: string, bus: string): string => `{"driver":"vfio-user-pci","id":"${id}","bus":"${bus}","socket":{"path":"/run/a, b/${id}.sock","type":"unix"}}`;

const one = `machine: { hostBridges: [{ rootPorts: [{ device: { name: mem0, volatile: 256MiB } }] }] }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }`;

describe("QEMU's command line", () => {
  test("one device at one port, with memory offline, no hypervisor bit, and a window at the bridge", () => {
    const words = wordsOf(one);
    expect(words[0]).toBe("qemu-system-x86_64");
    expect(valuesOf(words, "-M")).toEqual(["q35,cxl=on,cxl-fmw.0.targets.0=hb0,cxl-fmw.0.size=4096M"]);
    expect(valuesOf(words, "-cpu")).toEqual(["max,la57=off,hypervisor=off"]);
    expect(valuesOf(words, "-m")).toEqual(["1024M"]);
    expect(valuesOf(words, "-append")).toEqual(["console=ttyS0 memhp_default_state=offline"]);
    expect(valuesOf(words, "-qmp")).toEqual(["unix:/run/a,, b/qmp.sock,server=on,wait=off"]);
    expect(valuesOf(words, "-device")).toEqual(["pxb-cxl,id=hb0,bus=pcie.0,bus_nr=12", "cxl-rp,id=rp0,bus=hb0,addr=0x0,port=0,chassis=1,slot=1", served("mem0", "rp0")]);
  });

  test("two host bridges have buses and slots of their own, and a window over both its granularity", () => {
    const words = wordsOf(`machine:
  hostBridges:
    - { rootPorts: [{ device: { volatile: 256MiB } }, { device: { volatile: 256MiB } }] }
    - { name: right, rootPorts: [{ portNumber: 7, deviceNumber: 3, device: { volatile: 256MiB } }] }
firmware: { windows: [{ targets: [hb0], size: 1GiB }, { targets: [right, hb0], size: 512MiB, granularity: 4KiB }] }`);
    expect(valuesOf(words, "-M")).toEqual(["q35,cxl=on,cxl-fmw.0.targets.0=hb0,cxl-fmw.0.size=1024M,cxl-fmw.1.targets.0=right,cxl-fmw.1.targets.1=hb0,cxl-fmw.1.size=512M,cxl-fmw.1.interleave-granularity=4096"]);
    expect(valuesOf(words, "-device")).toEqual([
      "pxb-cxl,id=hb0,bus=pcie.0,bus_nr=12", "cxl-rp,id=rp0,bus=hb0,addr=0x0,port=0,chassis=1,slot=1", served("dev0", "rp0"), "cxl-rp,id=rp1,bus=hb0,addr=0x1,port=1,chassis=1,slot=2", served("dev1", "rp1"),
      "pxb-cxl,id=right,bus=pcie.0,bus_nr=15", "cxl-rp,id=rp2,bus=right,addr=0x3,port=7,chassis=1,slot=3", served("dev2", "rp2"),
    ]);
  });

  test("a switch is an upstream port with its downstream ports, all 64 bits of its serial number, and a switch below it", () => {
    const words = wordsOf(`machine:
  hostBridges:
    - rootPorts:
        - switch:
            serial: "0xfedcba9876543210"
            ports:
              - { device: { name: near, volatile: 256MiB } }
              - { switch: { ports: [{ device: { name: far, volatile: 256MiB } }] } }
        - {}`);
    expect(valuesOf(words, "-device")).toEqual([
      "pxb-cxl,id=hb0,bus=pcie.0,bus_nr=12", "cxl-rp,id=rp0,bus=hb0,addr=0x0,port=0,chassis=1,slot=1",
      "cxl-upstream,id=sw0,bus=rp0,sn=0xfedcba9876543210",
      "cxl-downstream,id=dsp0,bus=sw0,addr=0x0,port=0,chassis=1,slot=2", served("near", "dsp0"),
      expect.stringMatching(/^cxl-downstream,id=dsp1,bus=sw0,addr=0x1,port=1,chassis=1,slot=3$/), expect.stringMatching(/^cxl-upstream,id=sw1,bus=dsp1,sn=0x[0-9a-f]+$/),
      "cxl-downstream,id=dsp2,bus=sw1,addr=0x0,port=0,chassis=1,slot=4", served("far", "dsp2"),
      "cxl-rp,id=rp1,bus=hb0,addr=0x1,port=1,chassis=1,slot=5",
    ]);
    expect(valuesOf(words, "-M")).toEqual(["q35,cxl=on"]);
  });

  test("what is not plugged in is left out, and comes by the monitor", () => {
    const machine = machineOf(`machine:
  hostBridges:
    - rootPorts:
        - { present: false, device: { name: later, volatile: 256MiB } }
        - { device: { name: first, volatile: 256MiB }, alternates: [{ name: spare, volatile: 256MiB }] }`);
    expect(valuesOf(qemuWords(machine, given), "-device")).toEqual(["pxb-cxl,id=hb0,bus=pcie.0,bus_nr=12", "cxl-rp,id=rp0,bus=hb0,addr=0x0,port=0,chassis=1,slot=1", "cxl-rp,id=rp1,bus=hb0,addr=0x1,port=1,chassis=1,slot=2", served("first", "rp1")]);
    expect(pluggableDevices(machine, socketOf)).toEqual([
      { name: "later", command: `{"execute":"device_add","arguments":${served("later", "rp0")}}` },
      { name: "spare", command: `{"execute":"device_add","arguments":${served("spare", "rp1")}}` },
    ]);
  });

  test("a switch that is not plugged in is left out with all below it, and cannot come: it is named, its devices have no line for the monitor", () => {
    const machine = machineOf(`machine:
  hostBridges:
    - rootPorts:
        - { device: { name: first, volatile: 256MiB }, alternates: [{ switch: { name: sw0, ports: [{ device: { name: below, volatile: 256MiB } }, { present: false, device: { name: later, volatile: 256MiB } }] } }] }
        - { switch: { name: sw1, ports: [{ present: false, device: { name: late, volatile: 256MiB } }] } }`);
    expect(pluggableDevices(machine, socketOf).map(({ name }) => name)).toEqual(["late"]);
    expect(unpluggableSwitches(machine)).toEqual(["sw0"]);
  });

  test("a machine that QEMU cannot have is told with what to change, and has no command line", () => {
    const machine = machineOf(`machine: { hostBridges: [{ segment: 1, rootPorts: [{}] }, { buses: [0, 9], rootPorts: [{}] }] }
firmware: { windows: [{ targets: [hb0, hb1], size: 1GiB, arithmetic: xor, maps: ["0x4100"] }] }`);
    expect(qemuProblems(machine)).toEqual([
      "hb0 is in segment 1, and QEMU's host bridges are all in segment 0: leave out segment",
      "hb1 begins at bus 0, which is that of QEMU's q35 itself: leave out buses, or begin above it",
      "window 0 has XOR arithmetic, and QEMU's windows have modulo: leave out arithmetic",
    ]);
    expect(() => qemuWords(machine, given)).toThrow("leave out segment");
  });

  test("kernel, program and the kernel's further words are the user's", () => {
    const words = qemuWords(machineOf(one), { ...given, program: "/opt/qemu", kernel: "my kernel", append: "quiet" });
    expect([words[0], valuesOf(words, "-kernel"), valuesOf(words, "-append")]).toEqual(["/opt/qemu", ["my kernel"], ["console=ttyS0 memhp_default_state=offline quiet"]]);
  });
});

test("a shell gets an option on each line, and words with anything else than plain characters in quotes", () => {
  expect(shellText(["qemu", "-M", "q35,cxl=on", "-nographic", "-append", "it's a b", "-device", `{"id":"a"}`])).toBe(`qemu \\\n  -M q35,cxl=on \\\n  -nographic \\\n  -append 'it'\\''s a b' \\\n  -device '{"id":"a"}'`);
});

test("limits are one line each", () => {
  for (const limit of servedLimits) expect(limit).toMatch(/^[a-z][^\n]{20,}$/);
});
