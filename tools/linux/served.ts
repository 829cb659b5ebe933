// The devices of a case served from this process: the machine of its plan with its faults, at sockets for QEMU.

import { basename } from "node:path";
import { loadEngine } from "../../src/cli/run/prepare.ts";
import { originOf } from "../../src/sandbox/trace-kept.ts";
import { encodeTrace } from "../../src/scenario/trace/file.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { openSockets, socketFile } from "../../src/vfio-user/sockets.ts";
import { wallClock } from "../../src/vfio-user/wall-clock.ts";
import type { LinuxCase } from "./cases.ts";
import type { CaseHardware } from "./hardware.ts";
import { RigProblem } from "./problem.ts";
import { decoderValues } from "./registers.ts";

/** Serves a case's devices in a folder. `report`: what clients do. */
export async function serveCase({ plan, file, text }: LinuxCase, folder: string, report: (line: string) => void): Promise<CaseHardware> {
  const { module, tool } = await loadEngine();
  const machine = serveMachine(module, plan, { trace: { origin: originOf({ tool, text }), file: basename(file) } });
  const { hardware, faults } = machine;
  // What a step injects is planned as well, and never acts by itself.
  const planned = new Set(plan.faults.filter(({ trigger }) => trigger.cause.kind === "inject").map(({ id }) => id));
  const sockets = await openSockets(machine, { folder, now: wallClock(machine), report: (name, line) => report(`${name}: ${line}`) });
  return {
    name: "served",
    socketOf: (device) => socketFile(folder, device),
    inject: (action) => {
      const done = faults.inject(action);
      if ("problem" in done) throw new RigProblem(done.problem);
      sockets.poke();
    },
    faults: () => faults.list().filter(({ id }) => !planned.has(id)).map(({ id, evidence }) => ({ id, count: evidence.fired })),
    registers: () => decoderValues(hardware, plan.machine),
    trace: () => {
      const trace = machine.traceFile();
      return trace === null ? null : encodeTrace(trace);
    },
    close: () => sockets.close(),
  };
}
