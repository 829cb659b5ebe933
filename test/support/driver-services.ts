// DriverServices over a real machine without a kernel: registers, memory, time, tasks, log. For tests of what stands between a driver and a kernel; regions
// and slots are tested with the kernel itself.

import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import type { Bench } from "./machine.ts";
import { machineOf, portOf, setUp } from "./machine.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import { configBus, findCapability, findComponentCapability, findFirstExtended } from "../../src/platform/config-walk.ts";
import type { CxlServices, DriverDevice, DriverServices, LinkServices } from "../../src/platform/driver.ts";
import { formatPciAddress } from "../../src/platform/pci-address.ts";
import { createScheduler, hasReady, nextWakeTime, runOne, sleep, spawn, wakeSleepers } from "../../src/sim/task.ts";
import type { Task } from "../../src/sim/task.ts";

export class Panic extends Error {}

export interface DriverBench {
  readonly bench: Bench;
  readonly services: DriverServices;
  readonly port: DriverDevice;
  readonly lines: string[];
  readonly requested: number[];
  /** Called inside `link.disable`, as a machine that answers at once would. */
  whileDisabling: () => void;
  /** Runs tasks until none is left, virtual time included. */
  settle(): void;
}

function* pause(nanoseconds: number): Task<void> {
  yield sleep(nanoseconds);
}

/** One root port with isolation, and its device. */
export function driverBench(parameters: Readonly<Record<string, string>> = {}): DriverBench {
  const bench = setUp(machineOf([portOf("rp0")]));
  const { platform } = bench;
  const address = bench.portAddress(0);
  const scheduler = createScheduler({ kind: "fixed" });
  const lines: string[] = [];
  const requested: number[] = [];
  const result = {
    bench, lines, requested, whileDisabling: () => {},
    port: { id: 7, name: formatPciAddress(address), address, kind: "root-port" } satisfies DriverDevice,
    settle: () => {
      while (hasReady(scheduler) || nextWakeTime(scheduler) >= 0) {
        if (!hasReady(scheduler)) platform.spend(Math.max(0, nextWakeTime(scheduler) - platform.clock.now));
        wakeSleepers(scheduler, platform.clock.now);
        if (hasReady(scheduler)) runOne(scheduler, () => platform.clock.now);
      }
    },
  };
  const link: Pick<LinkServices, "disable" | "isUp"> = { isUp: () => true, disable: () => result.whileDisabling() };
  const services: Partial<DriverServices> = {
    get now() {
      return platform.clock.now;
    },
    parameters,
    config: (device) => configBus(platform.config, device.address),
    locate: (device, structure) => {
      const { identity } = structure;
      const bus = configBus(platform.config, device.address);
      if (identity?.list === "component") {
        const offset = structure.name === timeoutIsolation.name ? findComponentCapability(bench.ports[0] ?? bus, identity.id) : 0;
        return offset === 0 ? undefined : { bus: bench.ports[0] ?? bus, offset, size: 0x1000 };
      }
      const offset = identity?.list === "capability" ? findCapability(bus, identity.id) : identity?.list === "extended" ? findFirstExtended(bus, identity.id) : 0;
      return offset === 0 ? undefined : { bus, offset, size: 0x1000 };
    },
    map: (base, size) => platform.ioremap(base, size),
    memory: platform.memory,
    invalidateCaches: () => false,
    log: (level, text) => void lines.push(`${level}: ${text}`),
    mark: (text, detail = "") => void lines.push(`mark: ${text} ${detail}`.trimEnd()),
    panic: (text) => {
      throw new Panic(text);
    },
    error: (name, message) => new SystemError(name as "EIO", message),
    errorOf: (thrown) => (thrown instanceof SystemError ? { name: thrown.errno, number: thrown.number, message: thrown.message } : undefined),
    claim: () => {
      throw new SystemError("EBUSY", "somebody has them");
    },
    requestInterrupt: (_device, message) => void requested.push(message),
    schedule: (name, work) => void spawn(scheduler, name, work()),
    sleep: pause,
    delay: (nanoseconds) => platform.spend(nanoseconds),
    link: link as LinkServices,
    cxl: {} as CxlServices,
  };
  return Object.assign(result, { services: services as DriverServices });
}
