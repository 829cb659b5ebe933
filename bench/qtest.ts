// QEMU's qtest as the peer for register reads: one line there, one line back, over two named pipes. Left out where QEMU is not installed.

import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { medianOf } from "./compare.ts";

const program = "qemu-system-x86_64";
/** A CXL host bridge with a root port; its component registers lie behind the memory below and above 4 GiB. */
const machine = ["-machine", "q35,cxl=on,cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G", "-accel", "tcg", "-S", "-m", "128M", "-nodefaults", "-display", "none", "-monitor", "none", "-qtest-log", "none", "-device", "pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl.1", "-device", "cxl-rp,port=0,bus=cxl.1,id=rp0,chassis=0,slot=2"];
/** Where the capability array of the first host bridge lies in that machine. */
const arrayAt = 0x1_0000_1000;
/** Capability header: ID 1 in the low half. */
const capabilityId = 1;
const rounds = 5;
/** Milliseconds. */
const mostWait = 10_000;
const step = 20;

function hasQemu(): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Sends a command and waits for its answer. */
function ask(down: number, up: number, buffer: Buffer, command: string): string {
  writeSync(down, command);
  let length = 0;
  do length += readSync(up, buffer, length, buffer.length - length, null);
  while (buffer[length - 1] !== 10);
  return buffer.toString("latin1", 0, length - 1);
}

/** Waits until the machine answers a first command. The answer; why there is none, otherwise. */
async function firstAnswer(child: ChildProcess, pipe: string, command: string): Promise<string> {
  const [down, up] = [openSync(`${pipe}.in`, "r+"), openSync(`${pipe}.out`, constants.O_RDWR | constants.O_NONBLOCK)];
  const buffer = Buffer.alloc(256);
  try {
    writeSync(down, command);
    for (let waited = 0; waited < mostWait; waited += step) {
      await setTimeout(step);
      if (child.exitCode !== null) return `it ended with status ${child.exitCode}`;
      try {
        return buffer.toString("latin1", 0, readSync(up, buffer, 0, buffer.length, null)).trim();
      } catch (error) {
        if ((error as { code?: string }).code !== "EAGAIN") throw error;
      }
    }
    return `no answer for ${mostWait / 1000} s`;
  } finally {
    closeSync(down);
    closeSync(up);
  }
}

function readOneByOne(pipe: string, commands: readonly string[], count: number): number {
  // Open for both ways, so that neither side waits for the other to open it.
  const [down, up] = [openSync(`${pipe}.in`, "r+"), openSync(`${pipe}.out`, "r+")];
  const buffer = Buffer.alloc(256);
  const costs = Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) ask(down, up, buffer, commands[i & 31] ?? "");
    return Number(process.hrtime.bigint() - start) / count;
  });
  closeSync(down);
  closeSync(up);
  return medianOf(costs);
}

/** Nanoseconds by the clock on the wall that reads of the first 32 dwords take one by one; a text says why there are none. */
export async function measureQtest(count: number): Promise<number | string> {
  if (!hasQemu()) return `left out, ${program} is not installed`;
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-qtest-"));
  const pipe = join(folder, "q");
  execFileSync("mkfifo", [`${pipe}.in`, `${pipe}.out`]);
  const child = spawn(program, [...machine, "-qtest", `pipe:${pipe}`], { stdio: "ignore" });
  const commands = Array.from({ length: 32 }, (_, index) => `readl 0x${(arrayAt + index * 4).toString(16)}\n`);
  try {
    const header = await firstAnswer(child, pipe, commands[0] ?? "");
    const isArray = (Number(header.replace("OK ", "")) & 0xffff) === capabilityId;
    return isArray ? readOneByOne(pipe, commands, count) : `left out, no capability array of a CXL host bridge at 0x${arrayAt.toString(16)} of ${program}: ${header}`;
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}
