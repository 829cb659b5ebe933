// `cxl-sandbox shell`: a prompt over a running machine, or lines from a text. Between slices the event loop runs, so that Ctrl-C works.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import { styleText } from "node:util";
import { loadModule, planScenario } from "../sandbox.ts";
import type { ScenarioPlan } from "../sandbox.ts";
import type { Cast } from "../report/asciicast.ts";
import { createCast, readableText } from "../report/asciicast.ts";
import { formatTime } from "../report/console.ts";
import { completeLine } from "../sandbox/completion.ts";
import type { Session } from "../sandbox/session.ts";
import { openSession } from "../sandbox/session.ts";
import type { CommandModule } from "./commands.ts";
import { complaintOf } from "./complaints.ts";
import { readSource } from "./files.ts";
import { historyFile, keptLines, readHistory, writeHistory } from "./history.ts";
import type { ShellArguments } from "./shell-arguments.ts";
import { parseShell, shellHelp } from "./shell-arguments.ts";

/** Milliseconds of a slice. */
const slice = 8;
const exitCodes = { usage: 2, missed: 3, interrupted: 130 } as const;

/** A file that cannot be read or written. */
class FileProblem extends Error {}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const untilLater = (): (() => boolean) => {
  const end = performance.now() + slice;
  return () => performance.now() > end;
};

/** Bytes as the machine has them: characters 0 to 255. */
const toBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const isBytes = (text: string): boolean => !/[^\0-\u00ff]/.test(text);
const encode = (text: string): Buffer => Buffer.from(text, isBytes(text) ? "latin1" : "utf8");

function planOf(path: string): ScenarioPlan {
  const { file, text, includes } = readSource(path);
  return planScenario(file, text, "refused", includes);
}

/** Runs one line to its end. `onIdle` is asked when the command waits for nothing that is due. */
async function runLine(session: Session, line: string, onIdle: () => Promise<void>): Promise<void> {
  session.start(line);
  for (;;) {
    const progress = session.goOn(untilLater());
    if (progress === "ended") return;
    if (progress === "idle") await onIdle();
    await turn();
  }
}

/** Chunks until the end, or until somebody closes the stream from this side. */
async function* chunksOf(stream: NodeJS.ReadStream): AsyncGenerator<string> {
  stream.setEncoding("latin1");
  try {
    yield* stream as AsyncIterable<string>;
  } catch (error) {
    if (!stream.destroyed) throw error;
  }
}

/** Lines of standard input as they come; a chunk is bytes. */
async function* linesOf(stream: NodeJS.ReadStream): AsyncGenerator<string> {
  let rest: string[] = [];
  for await (const chunk of chunksOf(stream)) {
    const lines = chunk.split("\n");
    rest.push(lines[0] ?? "");
    if (lines.length === 1) continue;
    yield rest.join("");
    yield* lines.slice(1, -1);
    rest = [lines.at(-1) ?? ""];
  }
  if (rest.some((part) => part !== "")) yield rest.join("");
}

function* linesIn(text: string): Generator<string> {
  yield* text.replace(/\n$/, "").split("\n");
}

/** The session as it is shown and recorded. */
interface Screen {
  readonly cast: Cast | null;
  readonly now: () => number;
}

/** Lines that nobody types, of a text or (null) of standard input: no prompt is shown. What waits for nothing that is due is interrupted. */
async function runScript(session: Session, screen: Screen, script: string | null): Promise<number> {
  const lines = script === null ? linesOf(process.stdin) : linesIn(script);
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    session.interrupt();
    // No line comes after it.
    if (script === null) process.stdin.destroy();
  };
  process.on("SIGINT", interrupt);
  try {
    for await (const line of lines) {
      screen.cast?.prompt(screen.now(), session.prompt);
      screen.cast?.type(screen.now(), readableText(line));
      let idles = 0;
      await runLine(session, line, async () => {
        if (idles++ === 0) session.interrupt();
        else session.leaveBehind();
      });
      if (isInterrupted || session.isOver) break;
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
  return isInterrupted ? exitCodes.interrupted : session.status;
}

class Prompt {
  readonly #session: Session;
  readonly #screen: Screen;
  readonly #terminal: Interface;
  readonly #lines: string[] = [];
  #history: string[];
  #isRunning = false;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(session: Session, screen: Screen) {
    this.#session = session;
    this.#screen = screen;
    this.#history = readHistory(historyFile());
    this.#terminal = createInterface({
      input: process.stdin, output: process.stdout, terminal: true, history: [...this.#history], historySize: keptLines, removeHistoryDuplicates: true, tabSize: 8,
      completer: (line: string) => {
        const { candidates, word } = completeLine(session, line);
        return [candidates.map((one) => (candidates.length === 1 && !/[/:}]$/.test(one) ? `${one} ` : one)), word];
      },
    });
    this.#terminal.on("history", (lines: string[]) => void (this.#history = lines));
    this.#terminal.on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.#terminal.on("SIGINT", () => this.#interrupt());
    this.#terminal.on("close", () => {
      this.#isClosed = true;
      this.#session.interrupt();
      this.#wake();
    });
  }

  async run(): Promise<number> {
    while (!this.#session.isOver) {
      const line = await this.#nextLine();
      if (line === null) break;
      this.#screen.cast?.type(this.#screen.now(), line);
      this.#isRunning = true;
      this.#terminal.setPrompt("");
      await runLine(this.#session, toBytes(line), () => this.#idle());
      this.#isRunning = false;
    }
    if (!this.#isClosed) this.#terminal.close();
    else process.stdout.write("exit\n");
    writeHistory(historyFile(), this.#history);
    return this.#session.status;
  }

  async #nextLine(): Promise<string | null> {
    const { prompt } = this.#session;
    const isPlain = (process.env["NO_COLOR"] ?? "") !== "";
    this.#screen.cast?.prompt(this.#screen.now(), prompt);
    this.#terminal.setPrompt(isPlain ? prompt : styleText("bold", prompt));
    while (this.#lines.length === 0 && !this.#isClosed) {
      this.#terminal.prompt();
      await this.#sleep();
    }
    return this.#lines.shift() ?? null;
  }

  /** Until a line, Ctrl-C or the end comes. */
  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** A command that waits for nothing that is due is waited for: only Ctrl-C ends it. With the terminal gone it is left. */
  async #idle(): Promise<void> {
    if (this.#isClosed) this.#session.leaveBehind();
    else await this.#sleep();
  }

  #interrupt(): void {
    process.stdout.write("^C\n");
    if (this.#isRunning) {
      const said = this.#session.interrupt();
      if (said !== null) process.stderr.write(`${said}\n`);
    } else {
      this.#terminal.write(null, { ctrl: true, name: "e" });
      this.#terminal.write(null, { ctrl: true, name: "u" });
    }
    this.#wake();
  }
}

/** Brings the session to its moment; the exit status when it does not come there. */
async function arrive(session: Session): Promise<number | null> {
  let isInterrupted = false;
  const interrupt = (): void => void (isInterrupted = true);
  process.once("SIGINT", interrupt);
  for (let arrival = session.arrive(untilLater()); arrival !== "there"; arrival = session.arrive(untilLater())) {
    if (arrival === "missed") {
      process.stderr.write(`cxl-sandbox: the machine never came to where the prompt begins: ${session.death ?? "nothing said the text of --at as long as the scenario lasts"}\n`);
      return exitCodes.missed;
    }
    if (isInterrupted) return exitCodes.interrupted;
    await turn();
  }
  process.removeListener("SIGINT", interrupt);
  return null;
}

function openRecord(file: string | null): ((line: string) => void) | null {
  if (file === null) return null;
  try {
    const handle = openSync(file, "w");
    process.on("exit", () => closeSync(handle));
    return (line) => void writeSync(handle, line);
  } catch (error) {
    throw new FileProblem(`${file}: cannot be written (${error instanceof Error ? error.message : String(error)})`);
  }
}

function readScript(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    throw new FileProblem(`${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

async function runShell(options: ShellArguments): Promise<number> {
  const plan = planOf(options.file);
  const script = options.lines.kind === "file" ? readScript(options.lines.file) : options.lines.kind === "text" ? toBytes(options.lines.text) : null;
  const write = openRecord(options.record);
  const { module } = await loadModule();
  let cast: Cast | null = null;
  const show = (stream: NodeJS.WriteStream) => (text: string): void => {
    stream.write(encode(text));
    cast?.print(session.run.system.hardware.now, text);
  };
  const session: Session = openSession(module, plan, { seed: options.seed, schedule: options.schedule, at: options.at, output: { out: show(process.stdout), err: show(process.stderr) } });
  const missed = await arrive(session);
  if (missed !== null) return missed;
  const now = (): number => session.run.system.hardware.now;
  if (write !== null) cast = createCast({ columns: process.stdout.columns ?? 120, rows: process.stdout.rows ?? 40, title: plan.name }, now(), write);
  const screen: Screen = { cast, now };
  if (script !== null || !process.stdin.isTTY || !process.stdout.isTTY) return runScript(session, screen, script);
  process.stderr.write(`${plan.name}: ${formatTime(now())} after power-on. Time stands still while nothing runs; help lists what there is.\n`);
  return new Prompt(session, screen).run();
}

/** Runs the session; what is wrong with a file is said in one message. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseShell(argv);
  try {
    return await runShell(options);
  } catch (error) {
    const complaint = error instanceof FileProblem ? `cxl-sandbox: ${error.message}` : complaintOf(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`${complaint}\n`);
    return exitCodes.usage;
  }
}

export const command: CommandModule = { help: shellHelp, main };
