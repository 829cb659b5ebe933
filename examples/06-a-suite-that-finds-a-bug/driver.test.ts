// The suite: what the driver must do, on a machine that looks at every access.

import { createMachine } from "cxl-sandbox";
import type { Machine } from "cxl-sandbox";
import "cxl-sandbox/vitest";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drivers } from "./mutants.js";

const name = (process.env["DRIVER"] ?? "good") as keyof typeof drivers;
const Driver = drivers[name];
const MILLISECOND = 1_000_000;

const source = {
  machine: { hostBridges: [{ rootPorts: [{ isolation: { mem: true, interrupt: 3 }, device: { volatile: "512MiB" } }] }] },
  firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }] },
};

let machine: Machine;
let driver: InstanceType<typeof Driver>;
let base: bigint;

beforeEach(async () => {
  machine = await createMachine(source, { strict: true });
  const [window] = machine.description.windows;
  if (window === undefined) throw new Error("the machine has no window for CXL memory");
  ({ base } = window);
  driver = new Driver(machine, { bridge: "hb0", port: "rp0", device: "dev0" }, { base, size: 512n << 20n });
  driver.start();
});

afterEach(() => {
  expect(machine).toHaveFired();
  expect(machine).toBeWithoutViolations();
  machine.dispose();
});

const status = () => machine.rootPort("rp0").registers.timeoutIsolation.status;

/** What a load of the range gives, once something is stored there. */
function isServing(): boolean {
  machine.memory.store(base + 0x40n, 0x1234n);
  return machine.memory.load(base + 0x40n).value === 0x1234n;
}

test("the range serves, and isolation is armed", () => {
  expect(isServing()).toBe(true);
  expect(machine.rootPort("rp0").registers.timeoutIsolation.control).toHaveFields({ memoryIsolationEnable: 1, interruptEnable: 1, memoryTimeoutEnable: 1 });
});

test("a cable that is pulled and put back is recovered from", () => {
  machine.inject({ linkFlap: { port: "rp0", time: "1ms" } });
  machine.advance(2 * MILLISECOND);
  driver.work();
  expect(status()).toHaveFields({ memoryIsolation: 0, memoryIsolationLinkDown: 0 });
  expect(isServing()).toBe(true);
  expect(driver.recoveries).toBe(1);
});

test("an answer that never comes is recovered from, through link down", () => {
  machine.inject({ dropResponse: { port: "rp0", count: 1 } });
  expect(machine.memory.load(base).status).toBe("poison");
  machine.advance(MILLISECOND);
  driver.work();
  expect(status()).toHaveFields({ memoryIsolation: 0, memoryTimeout: 0 });
  expect(isServing()).toBe(true);
});

test("a port that stays busy is waited for", () => {
  machine.inject({ linkFlap: { port: "rp0", time: "1ms" } });
  machine.inject({ corruptRegister: { of: "rp0", field: "timeoutIsolation.status.rootPortBusy", value: 1 } });
  machine.inject({ corruptRegister: { of: "rp0", field: "timeoutIsolation.status.rootPortBusy", value: 0 } }, { at: "800ms" });
  machine.advance(2 * MILLISECOND);
  driver.work();
  machine.advance(1000 * MILLISECOND);
  expect(status()).toHaveFields({ memoryIsolation: 0 });
  expect(isServing()).toBe(true);
});

test("an isolation that comes before the interrupt is enabled again is not missed", () => {
  machine.inject({ linkFlap: { port: "rp0", time: "1ms" } });
  machine.inject({ linkFlap: { port: "rp0", time: "1ms" } }, { access: { of: "rp0", register: "timeoutIsolation.control", direction: "write", nth: 2 } });
  machine.advance(2 * MILLISECOND);
  driver.work();
  machine.advance(10 * MILLISECOND);
  driver.work();
  expect(driver.recoveries).toBe(2);
  expect(isServing()).toBe(true);
});

test("a driver that stops leaves everything but its own bits", () => {
  driver.stop();
  expect(machine.rootPort("rp0").registers.timeoutIsolation.control).toHaveFields({ memoryIsolationEnable: 0, interruptEnable: 0, memoryTimeoutEnable: 1 });
});
