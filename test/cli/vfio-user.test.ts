// `cxl-sandbox vfio-user` as a user has it: the built command in a folder of its own, a client at its socket, faults by its control channel, and its end.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endpointHeader } from "../../registers/pci.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { recordWords } from "../../src/sim/trace.ts";
import { commandIn } from "../support/command.ts";
import { readCommand, writeCommand } from "../support/vfio-client.ts";
import { liveClient } from "../support/vfio-live.ts";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cxl-vfio-"));
const sockets = join(folder, "s");
const configRegion = 7;
const { command } = endpointHeader.registers;

const scenario = `version: 1
name: cards, two of them called as other sockets are, and a place for another
machine: { hostBridges: [{ rootPorts: [{ device: { name: mem0, volatile: 256MiB } }, { present: false, device: { name: later, volatile: 256MiB } }, { device: { name: qmp, volatile: 256MiB } }, { device: { name: control, volatile: 256MiB } }] }] }
firmware: { windows: [{ targets: [hb0], size: 1GiB }] }
faults:
  - { id: hot, when: { at: 1ms }, do: { changeHealth: { of: mem0, temperature: 70 } } }
  - { id: marked, when: { after: CLEARED }, do: { linkUp: rp0 } }
`;

let server: ChildProcess;
let said = "";
let printed = "";
const ctl = (...words: readonly string[]) => commandIn(folder, "vfio-user", "ctl", sockets, ...words);

beforeAll(async () => {
  writeFileSync(join(folder, "machine.yaml"), scenario);
  writeFileSync(join(folder, "empty.yaml"), `version: 1\nname: empty\nmachine: { hostBridges: [{ rootPorts: [{}] }] }\n`);
  server = spawn(process.execPath, [main, "vfio-user", "machine.yaml", "--dir", sockets, "--strict", "--trace", join(sockets, "m.trace")], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  server.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(server, "close");
  // The command line comes when everything listens.
  await new Promise<void>((resolve) => {
    server.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.endsWith("\n")) resolve();
    });
    void ended.then(() => resolve());
  });
  if (server.exitCode !== null) throw new Error(`the command ended: ${said}`);
}, 120_000);

afterAll(() => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("cxl-sandbox vfio-user", () => {
  it("has sockets of its owner's alone, prints QEMU's command line, and says which faults wait and which never act", () => {
    for (const name of ["mem0.sock", "later.sock", "qmp.sock", "control.sock", "control"]) expect(statSync(join(sockets, name)).mode & 0o777).toBe(0o600);
    expect(printed).toContain(`-device '{"driver":"vfio-user-pci","id":"mem0","bus":"rp0","socket":{"path":"${join(sockets, "mem0.sock")}","type":"unix"}}'\n`.replace("\n", ""));
    expect(printed).toContain(`-qmp unix:${sockets}/qmp,server=on,wait=off`);
    expect(printed).toMatch(/^# .*\n(?:# .*\n)+qemu-system-x86_64 \\\n/);
    expect(said).toMatch(/fault marked never acts: .*\n.*1 fault counts from ready: say so with/);
  });

  it("answers a client, is followed strictly, and shows it what ctl does: reset, removal, a closed socket", { timeout: 60_000 }, async () => {
    const client = await liveClient(join(sockets, "mem0.sock"));
    const identity = async (): Promise<number | undefined> => (await client.ask([readCommand(1, configRegion, 0, 4)]))[0]?.payload.subarray(16).reduce((sum, byte, at) => sum + byte * 2 ** (8 * at), 0);
    const commandRegister = async (): Promise<number | undefined> => (await client.ask([readCommand(2, configRegion, command.offset, 2)]))[0]?.payload[16];
    expect(await identity()).toBe(0x0c03_1e98);
    await client.ask([writeCommand(3, configRegion, command.offset, [6, 0])]);
    expect(await commandRegister()).toBe(6);
    expect(await ctl("reset", "mem0")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(await commandRegister()).toBe(0);
    expect((await ctl("status")).stdout).toMatch(/not ready.*\nstrict: \d+ violations\ntrace: .*m\.trace\ndevice .*\nmem0 +yes .*\nlater +no /);
    expect((await ctl("remove", "mem0")).status).toBe(0);
    expect(await identity()).toBe(0xffff_ffff);
    expect(await ctl("remove", "mem0")).toMatchObject({ status: 2, stderr: "cxl-sandbox: mem0 is not plugged in; inject plug: { port: PORT, card: mem0 } first\n" });
    expect((await ctl("drop", "mem0")).status).toBe(0);
    await client.ended;
  });

  it("injects what a scenario could say, lists what it came to, and begins with the scenario's own when told ready", { timeout: 60_000 }, async () => {
    const injected = await ctl("inject", "plug: { port: rp1, card: later }");
    expect(injected).toMatchObject({ status: 0, stderr: "" });
    await ctl("ready");
    const { faults } = JSON.parse((await ctl("list", "--json")).stdout) as { readonly faults: readonly { readonly id: string; readonly evidence: { readonly fired: number }; readonly never?: string }[] };
    expect(faults.map(({ id }) => id)).toContain(injected.stdout.trim());
    expect(faults.find(({ id }) => id === "marked")?.never).toContain("no kernel of ours");
    expect((await ctl("list")).stdout).toMatch(/^id +state +does\nhot /);
  });

  it.each([
    [["inject", "linkDown: rp9"], 2, /no port "rp9" in the machine/],
    [["inject", "explode: rp0"], 2, /explode/],
    [["inject", "linkDown", "rp0"], 2, /"linkDown rp0" is no action; write ACTION: VALUE/],
    [["inject", "kernelStep: { step: pci.enable, of: mem0, errno: EIO }"], 2, /no kernel of ours runs/],
    [["inject"], 2, /needs an action/],
    [["drop", "mem9"], 2, /there is no device "mem9"/],
    [["list", "all"], 2, /takes nothing more, not "all"/],
    [["explode"], 2, /ctl has no command "explode"; it has inject, list/],
  ])("ctl %j is refused in one message", async (words, status, message) => {
    const told = await ctl(...words);
    expect(told).toMatchObject({ status, stdout: "" });
    expect(told.stderr).toMatch(message);
    expect(told.stderr).not.toMatch(/\n\s+at /);
  });

  it("the channel answers each line of nonsense, and goes on", { timeout: 60_000 }, async () => {
    const socket = createConnection({ path: join(sockets, "control") });
    const lines = ["nonsense", "[1]", `{"command":"inject"}`, `{"command":"statu"}`, `{"command":"status","x":1}`, `{"command":"drop","device":{}}`, `{"command":"inject","fault":null}`];
    socket.end(lines.map((line) => `${line}\n`).join(""));
    let text = "";
    for await (const piece of socket.setEncoding("utf8") as AsyncIterable<string>) text += piece;
    const answers = text.trim().split("\n").map((line) => JSON.parse(line) as { readonly ok: boolean; readonly error: string });
    expect(answers.map(({ ok }) => ok)).toEqual(lines.map(() => false));
    for (const { error } of answers) expect(error).not.toBe("");
    const long = createConnection({ path: join(sockets, "control") });
    long.on("error", () => {}).resume();
    long.write("x".repeat(70_000));
    await once(long, "close");
    expect((await ctl("status")).status).toBe(0);
  });

  it("a second server in the same folder is refused, and the first goes on", { timeout: 60_000 }, async () => {
    expect(await commandIn(folder, "vfio-user", "machine.yaml", "--dir", sockets)).toMatchObject({ status: 2, stdout: "", stderr: `cxl-sandbox: cannot listen at ${join(sockets, "mem0.sock")}: another server is listening there; end it, or choose another folder\n` });
    expect((await ctl("status")).status).toBe(0);
  });

  it.each([
    [["machine.yaml"], /vfio-user needs --dir DIR/],
    [["--dir", "x"], /vfio-user needs one scenario file/],
    [["nothing.yaml", "--dir", "x"], /nothing\.yaml: there is no such file/],
    [["empty.yaml", "--dir", "x"], /the machine has no type-3 device to serve/],
    [["machine.yaml", "--dir", "x", "--trace", "nowhere/t.trace"], /a trace cannot be written there \(ENOENT\)/],
    [["machine.yaml", "--dir", "x", "--trace", "./machine.yaml"], /machine\.yaml is the scenario itself; name another file with --trace/],
    [["machine.yaml", "--dir", "machine.yaml/x"], /the folder cannot be made/],
    [["machine.yaml", "--dir", "x", "--seed", "-"], /--seed "-" is no seed/],
  ])("%j is refused before anything is served", async (words, message) => {
    const told = await commandIn(folder, "vfio-user", ...words);
    expect(told).toMatchObject({ status: 2, stdout: "" });
    expect(told.stderr).toMatch(message);
    expect(existsSync(join(folder, "x"))).toBe(false);
  });

  it("its trace is in the file while it goes on, as far as it has come: whoever is killed has lost little", { timeout: 120_000 }, async () => {
    const mine = join(folder, "killed");
    const file = join(folder, "killed.trace");
    const other = spawn(process.execPath, [main, "vfio-user", "machine.yaml", "--dir", mine, "--trace", file], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    try {
      await once(other.stdout, "data");
      const client = await liveClient(join(mine, "mem0.sock"));
      await client.ask([writeCommand(1, configRegion, command.offset, [6, 0])]);
      const length = (): number => (existsSync(file) ? decodeTrace(readFileSync(file)).records.length / recordWords : 0);
      while (length() === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      const before = length();
      await client.ask([readCommand(2, configRegion, command.offset, 2)]);
      while (length() === before) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      const ended = once(other, "close");
      other.kill("SIGKILL");
      await ended;
    }
    expect(await commandIn(folder, "replay", file)).toMatchObject({ status: 0, stderr: "" });
    expect((await commandIn(folder, "trace", "grep", "config read", file)).stdout).toMatch(/command/);
  });

  it("a folder whose name is short where we are and too long elsewhere is refused: QEMU may begin elsewhere", async () => {
    const deep = join(folder, "d".repeat(90));
    mkdirSync(deep);
    const told = await commandIn(deep, "vfio-user", "../machine.yaml", "--dir", "x");
    expect(told).toMatchObject({ status: 2, stdout: "" });
    expect(told.stderr).toMatch(/cannot listen at x\/mem0\.sock: its path has 1\d\d bytes, and a socket's has at most 107; choose a folder with a shorter name/);
  });

  it("SIGTERM ends it: sockets are gone, the report is said, and the trace replays equal", { timeout: 120_000 }, async () => {
    const ended = once(server, "close");
    server.kill("SIGTERM");
    const [status] = (await ended) as [number];
    expect(said).toMatch(/trace: .*m\.trace\n/);
    expect(said).toMatch(status === 0 ? /strict: the driver did nothing against a rule/ : /strict: \d+ violation/);
    expect(readdirSync(sockets)).toEqual(["m.trace"]);
    expect(await ctl("status")).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("no machine is served there") as string });
    expect(await commandIn(folder, "replay", join(sockets, "m.trace"))).toMatchObject({ status: 0, stderr: "" });
  });
});
