// Somebody in front of a machine: the sandbox's own words, machines that stop, slices, long sessions.

import { describe, expect, it } from "vitest";
import { completeLine } from "../../src/sandbox/completion.ts";
import { accessKinds, hardwareKinds } from "../../src/scenario/trace/words.ts";
import { readFileSync } from "node:fs";
import { sit, twoCards } from "../support/session.ts";
import { bundledScenarios } from "../support/library.ts";

const scenario = (name: string): string => bundledScenarios()[`scenarios/isolation/${name}.yaml`] ?? "";
const ms = 1_000_000;

describe("time", () => {
  it("stands still between lines, advance moves it by what it says, settle to where nothing is under way", () => {
    const seat = sit(twoCards());
    const start = seat.now();
    seat.type("cat /proc/iomem; echo a");
    expect(seat.now()).toBe(start);
    expect(seat.type("advance 10ms")).toMatchObject({ out: "", err: "10.0 ms after ready\n", status: 0 });
    expect(seat.now() - start).toBe(10 * ms);
    expect(seat.type("advance 1.5ms").status + seat.type("sleep 0.25").status).toBe(0);
    expect(seat.now() - start).toBe(261.5 * ms);
    expect(seat.type("settle").status).toBe(0);
    for (const line of ["advance", "advance soon", "advance -1ms", "settle now"]) expect([line, seat.type(line).status]).toEqual([line, 2]);
    expect(seat.type("advance soon").err).toContain('"soon" is no time; write 10ms');
  });

  it("slices show nowhere: a session in single steps prints the same and ends at the same moment", () => {
    const lines = ["cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram", "inject linkDown: rp0", "advance 100ms", "dmesg", "faults", "trace 50", "cxl list -vvv"];
    const [whole, sliced] = [sit(twoCards()), sit(twoCards(), { isSliced: true })];
    for (const line of lines) expect(sliced.type(line)).toEqual(whole.type(line));
    expect(sliced.now()).toBe(whole.now());
    expect(sliced.said).toEqual(whole.said);
  });

  it("begins where it is told: before all steps, at a time, at a mark", () => {
    const text = scenario("a-link-down");
    expect(sit(text, { at: { kind: "boot" } }).type("ls /sys/bus/cxl/devices").out).not.toContain("region");
    expect(sit(text).type("ls /sys/bus/cxl/devices").out).toContain("region0");
    const seat = sit(text, { at: { kind: "time", afterReady: 4 * ms } });
    expect(seat.now() - seat.session.run.readyAt).toBe(4 * ms);
    expect(seat.type("faults").out).toContain("armed, has not fired");
    const marked = sit(text, { at: { kind: "mark", text: "isolated by link down" } });
    expect(marked.type("dmesg").out).toContain("isolated by link down");
    expect(marked.type("dmesg").out).not.toContain("RECOVERED");
    expect(() => sit(text, { at: { kind: "mark", text: "never said by anyone" } })).toThrow("never came there");
  });
});

describe("inject", () => {
  it("acts at once, says whether it fired, and the machine hears of it in its own time", () => {
    const seat = sit(twoCards());
    expect(seat.type("inject linkDown: rp1")).toMatchObject({ out: expect.stringMatching(/^inject-1: fired once, first at .* after ready\n$/), status: 0 });
    expect(seat.type("inject { poison: { device: d0, dpa: 0x40 } }").out).toContain("inject-2: fired once");
    expect(seat.type("echo 1 > /sys/kernel/tracing/events/cxl/enable; echo 1 > /sys/bus/cxl/devices/${mem:rp0}/trigger_poison_list; cat /sys/kernel/tracing/trace").out).toContain("dpa=0x40");
    expect(seat.type("inject kernelStep: { step: region.create, errno: ENOMEM }").out).toBe("inject-3: armed, has not fired\n");
    expect(seat.type("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram").status).not.toBe(0);
    expect(seat.type("faults").out).toMatch(/inject-1 {2}fired once.*\ninject-2 {2}fired once.*\ninject-3 {2}fired once/);
  });

  it("what is no action is refused in the words of a scenario's check", () => {
    const seat = sit(twoCards());
    for (const [line, said] of [
      ["inject", "inject: write ACTION: VALUE"], ["inject linkdwn: rp0", 'unknown key "linkdwn"; did you mean "linkDown"?'], ["inject linkDown: rp7", 'linkDown: no port "rp7" in the machine; did you mean'], ["inject linkDown: [", "not YAML"],
      ["inject rp0", "no action: write ACTION: VALUE"], ["inject { linkDown: rp0, linkUp: rp0 }", "exactly one thing"], ["inject {}", "a fault does something"], ["inject poison: { device: d0 }", 'poison.dpa: must be'],
      [`inject ${"a".repeat(5000)}`, "5000 characters; an action has at most 4096"],
    ] as const) expect([line, seat.type(line)]).toEqual([line, expect.objectContaining({ err: expect.stringContaining(said), out: "", status: 2 })]);
    expect(seat.type("faults").err).toBe("no faults: the scenario has none, and none was injected\n");
  });

  it("goes on for ever: places of faults that have fired are given again, and the last hundred are remembered", () => {
    const seat = sit(twoCards());
    for (let i = 1; i <= 300; i++) expect(seat.type("inject { clearPoison: { device: d0, dpa: 0x40 } }").out).toContain(`inject-${i}: fired once`);
    const remembered = seat.type("faults").out.trimEnd().split("\n");
    expect(remembered.at(-1)).toContain("inject-300  fired once");
    expect(remembered.length).toBeLessThan(300);
  });
});

describe("trace and faults", () => {
  it("gives the last records in words, of the layers asked for", () => {
    const seat = sit(twoCards());
    seat.type("inject linkDown: rp0; advance 10ms");
    expect(seat.type("trace 4096 --layer hardware").out).toMatch(/^\[ +\d+\.\d{9}\] hardware rp0: link /m);
    expect(seat.type("trace --layer=log").out.trimEnd().split("\n").every((line) => / log /.test(line))).toBe(true);
    expect(seat.type("trace 3").out.trimEnd().split("\n")).toHaveLength(3);
    expect(seat.type("trace 5 --layer access").out).toMatch(/access {3}(mmio|config) (read|write) \w+ [\w.[\]]+ .*= 0x/);
    const both = seat.type("trace 4096 --layer hardware,kernel").out.trimEnd().split("\n").map((line) => line.slice(1, 16));
    expect(both).toEqual(both.toSorted());
    for (const line of ["trace 0", "trace 5000", "trace many", "trace --layer nothing", "trace --layer"]) expect([line, seat.type(line).status]).toEqual([line, 2]);
  });

  it("the names of kinds are those of the hardware", () => {
    const source = readFileSync(new URL("../../assembly/trace/ring.ts", import.meta.url), "utf8");
    const kinds = (prefix: string): string[] => [...source.matchAll(new RegExp(`export const ${prefix}_(\\w+): u32 = (\\d+);`, "g"))].map(([, name = "", number]) => `${number} ${name.toLowerCase().replaceAll("_", " ")}`);
    expect(kinds("ACCESS")).toEqual(accessKinds.slice(1).map((name, index) => `${index + 1} ${name}`));
    expect(kinds("HW")).toEqual(hardwareKinds.slice(1).map((name, index) => `${index + 1} ${name}`));
  });
});

describe("a machine that stops", () => {
  const words = "Only the sandbox's own words still work: faults, trace, exit, quit, help.";

  it("a panic in the middle of a line ends it; the prompt says so, and only words that need no machine work", () => {
    const seat = sit(scenario("d-kernel-page"));
    const { err, status } = seat.type("advance 100ms; echo not reached");
    expect([err, status]).toEqual([expect.stringMatching(/^the host panicked: .*\nOnly the sandbox's own words/), 1]);
    expect(seat.session.prompt).toBe("(panicked) cxl-sandbox# ");
    for (const line of ["cxl list", "cat /proc/iomem", "advance 1ms", "inject linkDown: rp0", "dmesg", "cd /sys", "cat < /proc/iomem", "sh -c 'cxl list'"]) expect([line, seat.type(line).status, seat.said.out.includes("not reached")]).toEqual([line, 1, false]);
    expect(seat.type("trace 5 --layer log").out).toContain("Kernel panic");
    expect(seat.type("faults; help trace").out).toMatch(/fired once.*trace \[N\]/s);
    seat.type("exit 7");
    expect([seat.session.isOver, seat.session.status]).toEqual([true, 7]);
  });

  it("a host that was reset or hangs is named", () => {
    for (const [name, prompt] of [["f-not-enabled-reset", "(reset) cxl-sandbox# "], ["f-not-enabled-hang", "(hung) cxl-sandbox# "]] as const) {
      const seat = sit(scenario(name));
      expect(seat.type("advance 20s").err).toContain(words);
      expect([name, seat.session.prompt]).toEqual([name, prompt]);
      expect(seat.type("cxl list").err).toBe("the machine has stopped\n");
    }
  });
});

describe("exit and help", () => {
  it("exit ends the session with the status asked for, else that of the last command; nothing behind it runs", () => {
    for (const [line, status] of [["exit", 0], ["false; exit", 1], ["exit 3; echo not reached", 3], ["sh -c 'exit 4'", 4], ["nothing; quit", 127]] as const) {
      const seat = sit(twoCards());
      seat.type(line);
      expect([line, seat.session.isOver, seat.session.status, seat.said.out]).toEqual([line, true, status, ""]);
    }
    const seat = sit(twoCards());
    expect([seat.type("exit now").status, seat.session.isOver]).toEqual([2, false]);
  });

  it("help names every program and word; each one's own help is there", () => {
    const seat = sit(twoCards());
    const { out } = seat.type("help");
    for (const name of ["cxl", "daxctl", "dmesg", "advance TIME", "settle", "inject ACTION", "faults", "trace [N]", "exit", "help"]) expect(out).toContain(name);
    for (const name of ["cxl", "cd", "advance", "inject"]) expect(seat.type(`help ${name}`).status).toBe(0);
    expect(seat.type("help nothing")).toMatchObject({ err: expect.stringContaining('there is no "nothing"'), status: 1 });
  });
});

describe("completion", () => {
  const seat = sit(twoCards("steps:\n  - run: cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram\n"));
  const at = (line: string): string[] => completeLine(seat.session, line).candidates;

  it("commands, the tools' commands and options", () => {
    expect(at("dm")).toEqual(["dmesg"]);
    expect(at("echo a | set")).toEqual(["setpci", "settle"]);
    expect(at("cxl create")).toEqual(["create-region"]);
    expect(at("cxl list --re")).toEqual(["--regions", "--region"].toSorted());
    expect(at("daxctl on")).toEqual(["online-memory"]);
    expect(at("daxctl create-device --s")).toEqual(["--size"]);
    expect([at("daxctl create-device --inp"), at("daxctl spl")]).toEqual([["--input"], ["split-acpi"]]);
    expect(at("help adv")).toEqual(["advance"]);
  });

  it("paths, folders with a slash, behind redirections too; from the folder of the session", () => {
    expect(at("cat /sys/bus/cxl/devices/mem")).toEqual(["/sys/bus/cxl/devices/mem0/", "/sys/bus/cxl/devices/mem1/"]);
    expect(at("cat /proc/iom")).toEqual(["/proc/iomem"]);
    expect(at("echo 1 > /proc/iom")).toEqual(["/proc/iomem"]);
    expect(at("echo 1 >/proc/iom")).toEqual(["/proc/iomem"]);
    seat.type("cd /sys/bus/cxl");
    expect(at("cat dev")).toEqual(["devices/"]);
    expect(at("cat /nothing/at")).toEqual([]);
    seat.type("cd /");
  });

  it("objects, references, faults and the names in them", () => {
    expect(at("cxl disable-memdev mem")).toEqual(["mem0", "mem1"]);
    expect(at("cxl list -r reg")).toEqual(["region0"]);
    expect(at("cxl list -d decoder0")).toEqual(["decoder0.0"]);
    expect(at("daxctl list -d dax0")).toEqual(["dax0.0"]);
    expect(at("cat /sys/bus/cxl/devices/${mem:")).toEqual(["/sys/bus/cxl/devices/${mem:rp0}", "/sys/bus/cxl/devices/${mem:rp1}"]);
    expect(at("cxl list -r ${dax:")).toEqual(["${dax:region0}"]);
    expect(at("inject linkD")).toEqual(["linkDown:"]);
    expect(at("inject linkDown: rp")).toEqual(["rp0", "rp1"]);
    expect(at("trace --layer har")).toEqual(["hardware"]);
  });

  it("changes nothing and survives anything that is typed", () => {
    const before = seat.now();
    for (const line of ["", " ", "|", "'", "${", "${mem:rp0}", "cxl ", "cxl __proto__ --", "daxctl constructor -", "/", "//", "cat /sys/../../..", "x".repeat(100_000)]) expect(Array.isArray(at(line))).toBe(true);
    expect(seat.now()).toBe(before);
  });
});
