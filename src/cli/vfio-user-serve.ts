// `cxl-sandbox vfio-user SCENARIO`: the machine, its sockets, its clock and its control channel, from the first word to the last.

import { join, resolve } from "node:path";
import { MachineDescriptionError } from "../hardware/checks.ts";
import { planScenario } from "../sandbox.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import { exitCodes } from "../scenario/result.ts";
import type { ControlTarget, ServedStatus } from "../vfio-user/control.ts";
import { controlAnswer } from "../vfio-user/control.ts";
import { listenControl } from "../vfio-user/control-socket.ts";
import type { QemuOptions } from "../vfio-user/qemu.ts";
import { portsOf } from "../vfio-user/plugged.ts";
import { qemuProblems } from "../vfio-user/qemu-topology.ts";
import { pluggableDevices, qemuWords, servedLimits, shellText, unpluggableSwitches } from "../vfio-user/qemu.ts";
import type { LocalMachine } from "../vfio-user/served-machine.ts";
import { serveMachine } from "../vfio-user/served-machine.ts";
import { followStrictly, strictReport } from "../vfio-user/served-strict.ts";
import { SocketError } from "../vfio-user/socket-file.ts";
import type { Sockets } from "../vfio-user/sockets.ts";
import { monitorSocket, openSockets, socketFile } from "../vfio-user/sockets.ts";
import { wallClock } from "../vfio-user/wall-clock.ts";
import { orComplaint } from "./complaints.ts";
import { FilesError, readSource } from "./files.ts";
import { loadEngine } from "./run/prepare.ts";
import type { TraceKeeper } from "./vfio-user-trace.ts";
import { checkWritable, keepWriting } from "./vfio-user-trace.ts";

export interface ServeOptions {
  readonly path: string;
  readonly folder: string;
  readonly isStrict: boolean;
  /** File; null: none is written. */
  readonly trace: string | null;
  readonly seed: number;
  readonly qemu: Pick<QemuOptions, "program" | "kernel" | "initrd" | "append">;
}

/** A machine that is served, with what its command was asked for. */
interface Served {
  readonly options: ServeOptions;
  readonly plan: ScenarioPlan;
  readonly machine: LocalMachine;
  /** What the driver did against a rule so far; null: nobody looks. */
  readonly violations: ReturnType<typeof followStrictly> | null;
}

const say = (line: string): void => void process.stderr.write(`cxl-sandbox: ${line}\n`);

/** The shell script on standard output: limits and what can be plugged in as comments, then QEMU. */
function scriptOf({ machine }: ScenarioPlan, { folder, qemu }: ServeOptions): string {
  const place = resolve(folder);
  const socketOf = (device: string): string => socketFile(place, device);
  const problems = qemuProblems(machine);
  const comments = [
    "What is served is not everything of a CXL machine (docs/vfio-user.md):", ...servedLimits.map((limit) => `- ${limit}`),
    ...(machine.windows.length === 0 ? ["- the scenario has no firmware: windows:, so the guest can make no region"] : []),
    ...pluggableDevices(machine, socketOf).map(({ name, command }) => `To plug in ${name}, when it is plugged in here, tell QEMU's monitor: ${command}`),
    ...unpluggableSwitches(machine).map((name) => `QEMU cannot plug in switch ${name} while it runs: what is below it is served, and the guest has it not`),
    ...problems.map((problem) => `QEMU has no such machine: ${problem}`),
  ];
  const command = problems.length > 0 ? "" : `${shellText(qemuWords(machine, { ...qemu, monitor: join(place, monitorSocket), socketOf }))}\n`;
  return `${comments.map((line) => `# ${line}\n`).join("")}${command}`;
}

/** What of the scenario its user may wait for in vain. */
function notesOf({ plan, machine }: Served): string[] {
  const never = new Map(machine.faults.list().flatMap((fault) => (fault.never === undefined ? [] : [[fault.id, fault.never]])));
  const waiting = plan.faults.filter(({ id, trigger: { from } }) => from === "ready" && !never.has(id)).length;
  return [
    ...[...never].map(([id, why]) => `fault ${id} never acts: ${why}`),
    ...(waiting > 0 ? [`${waiting === 1 ? "1 fault counts" : `${waiting} faults count`} from ready: say so with cxl-sandbox vfio-user ctl DIR ready`] : []),
  ];
}

function statusOf({ machine, violations, options: { trace } }: Served, sockets: Sockets, isReady: boolean): ServedStatus {
  const none = { messages: 0, refused: 0, interrupts: 0, lostInterrupts: 0 };
  return {
    now: machine.hardware.now,
    isReady,
    devices: sockets.all.map(({ name, listening: { path, client } }) => ({ name, socket: path, isConnected: client !== null, ...(client?.counts ?? none) })),
    violations: violations?.().length ?? null,
    trace: trace === null ? null : { file: trace, isFull: machine.isTraceFull },
  };
}

function controlTarget(served: Served, sockets: Sockets): ControlTarget {
  const { machine } = served;
  let isReady = false;
  return {
    devices: machine.functions.map(({ name }) => name),
    faults: { ...machine.faults, ready: () => {
      isReady = true;
      machine.faults.ready();
    } },
    status: () => statusOf(served, sockets, isReady),
    reset: (device) => machine.functions.find(({ name }) => name === device)?.reset(),
    portOf: portsOf(machine),
    done: () => sockets.poke(),
  };
}

/** Settles when it was told to end. */
function untilToldToEnd(): Promise<void> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  return new Promise((resolve_) => {
    const end = (): void => {
      for (const signal of signals) process.off(signal, end);
      resolve_();
    };
    for (const signal of signals) process.on(signal, end);
  });
}

/** Serves until it is told to end, or `failed` rejects. Whatever was opened is closed. @throws SocketError and what `failed` says */
async function serveUntilEnd(served: Served, sockets: Sockets, failed: Promise<never>): Promise<void> {
  const { options, plan } = served;
  try {
    const target = controlTarget(served, sockets);
    const control = await listenControl(options.folder, (line) => {
      // What is asked is done now, not when the clock was last looked at.
      sockets.poke();
      return controlAnswer(target, line);
    }, say);
    const ended = untilToldToEnd();
    try {
      for (const note of notesOf(served)) say(note);
      say(`${served.machine.functions.length === 1 ? "1 device is" : `${served.machine.functions.length} devices are`} served in ${options.folder}; Ctrl-C ends it`);
      process.stdout.write(scriptOf(plan, options));
      await Promise.race([ended, failed]);
    } finally {
      await control.close();
    }
  } finally {
    await sockets.close();
    // Clients that were sent away are told of, and stand in the trace, a turn later.
    await new Promise((resolve_) => setImmediate(resolve_));
  }
}

/** Trace and strict report, after everybody is gone. */
function conclude({ machine, violations }: Served, keeper: TraceKeeper | null): number {
  const found = violations?.() ?? [];
  let status: number = found.length > 0 ? exitCodes.fail : exitCodes.pass;
  const kept = keeper?.end() ?? null;
  if (kept !== null) {
    const { path, trouble } = kept;
    if (trouble !== null) say(trouble);
    if (path !== null) say(`trace: ${path}${machine.isTraceFull ? ", which became too long and ends before the end" : ""}`);
    if (trouble !== null) status = exitCodes.fail;
    else if (machine.isTraceFull) status = exitCodes.limit;
  }
  if (violations !== null) process.stderr.write(strictReport(found));
  return status;
}

/** @throws FilesError, ScenarioFileError, MachineDescriptionError */
async function prepare(options: ServeOptions, drop: (device: string) => void): Promise<Served> {
  const { path, trace, seed } = options;
  const { file, text, includes } = readSource(path);
  const plan = planScenario(file, text, "refused", includes);
  if (trace !== null) checkWritable(trace, options.folder, path);
  const { module, tool } = await loadEngine();
  const machine = serveMachine(module, plan, { seed, onDrop: drop, ...(trace === null ? {} : { trace: { file, origin: { tool, scenario: text, includes, drivers: [] } } }) });
  if (machine.functions.length === 0) throw new FilesError(`${file}: the machine has no type-3 device to serve; give a root port one, like device: { name: mem0, volatile: 256MiB }`);
  return { options, plan, machine, violations: options.isStrict ? followStrictly(machine) : null };
}

async function serveOrThrow(options: ServeOptions): Promise<number> {
  let sockets: Sockets | null = null;
  const served = await prepare(options, (device) => {
    const isGone = sockets?.all.find(({ name }) => name === device)?.listening.drop() === true;
    say(`${device}: ${isGone ? "the socket is closed, as asked for" : "nobody was there whose socket could be closed"}`);
  });
  const { machine } = served;
  const now = wallClock(machine);
  const told = { ...machine, attach: (name: string, sink: Parameters<LocalMachine["attach"]>[1]) => {
    if (sink !== null) say(`${name}: a client is there`);
    machine.attach(name, sink);
  } };
  let fail = (_error: unknown): void => {};
  const failed = new Promise<never>((_, reject) => (fail = reject));
  // Whoever waits for it is told, as soon as somebody waits.
  failed.catch(() => {});
  sockets = await openSockets(told, { folder: options.folder, now, report: (name, line) => say(`${name}: ${line}`), failed: (error) => fail(error) });
  const keeper = options.trace === null ? null : keepWriting(options.trace, options.folder, machine, say);
  try {
    await serveUntilEnd(served, sockets, failed);
  } catch (error) {
    keeper?.end();
    throw error;
  }
  machine.advanceTo(now());
  return conclude(served, keeper);
}

/** Serves a scenario's machine; gives the exit status. */
export function serve(options: ServeOptions): Promise<number> {
  return orComplaint(async () => {
    try {
      return await serveOrThrow(options);
    } catch (error) {
      if (!(error instanceof SocketError || error instanceof MachineDescriptionError)) throw error;
      say(error.message);
      return exitCodes.usage;
    }
  });
}
