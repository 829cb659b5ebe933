// What the library throws. Each message says what was asked, why it cannot be, and what to do.

/** The machine was disposed, or its instance serves another fork by now. */
export class DisposedError extends Error {
  constructor(what = "the machine") {
    super(`${what} was disposed and may not be used any more; fork or create another one`);
    this.name = "DisposedError";
  }
}

/** A mapping was given back with unmap(). */
export class UnmappedError extends Error {
  constructor(base: bigint) {
    super(`the registers at 0x${base.toString(16)} were unmapped; map them again with ioremap()`);
    this.name = "UnmappedError";
  }
}

/** A kernel drives the machine. */
export class KernelAttachedError extends Error {
  constructor(what: string, why = "it would copy half of a system") {
    super(`${what}: a kernel is attached; ${why}. Do it before attachKernel(), or on a machine without a kernel`);
    this.name = "KernelAttachedError";
  }
}

/** A part of this machine has no such structure. */
export class MissingStructureError extends Error {
  readonly part: string;
  readonly structure: string;
  constructor(part: string, structure: string, remedy: string) {
    super(`${part} has no ${structure} structure; ${remedy}`);
    this.name = "MissingStructureError";
    this.part = part;
    this.structure = structure;
  }
}

/** A function has no number, or its registers no address, so that no access reaches it. */
export class NotPlacedError extends Error {
  readonly part: string;
  constructor(part: string, problem: string) {
    super(`${part} ${problem}`);
    this.name = "NotPlacedError";
    this.part = part;
  }
}

/** The condition of runUntil did not come true. */
export class RunUntilError extends Error {
  readonly what: string;
  /** Virtual ns that passed. */
  readonly waited: number;
  constructor(what: string, waited: number, state: string) {
    super(`runUntil: ${what} did not come about in ${waited} ns; ${state}`);
    this.name = "RunUntilError";
    this.what = what;
    this.waited = waited;
  }
}

/** A command did not end, or the mailbox never became free for it. */
export class MailboxTimeoutError extends Error {
  readonly device: string;
  readonly opcode: number;
  constructor(device: string, opcode: number, waited: number, state: string) {
    super(`${device}: command 0x${opcode.toString(16).padStart(4, "0")} did not end in ${waited} ns; ${state}`);
    this.name = "MailboxTimeoutError";
    this.device = device;
    this.opcode = opcode;
  }
}

/** A fault that this machine cannot have, or no place for it. */
export class FaultError extends Error {
  constructor(problem: string) {
    super(`inject: ${problem}`);
    this.name = "FaultError";
  }
}

/** A machine cannot be read: no such file, no answer, or a path where a text was meant. */
export class MachineSourceError extends Error {
  constructor(source: string, problem: string) {
    super(`cannot read the machine ${source}: ${problem}`);
    this.name = "MachineSourceError";
  }
}

/** The machine ran out of something that `machine.limits` bounds. */
export class LimitError extends Error {
  constructor(what: string) {
    super(`the machine is out of ${what}; give it more in machine.limits`);
    this.name = "LimitError";
  }
}

/** The host panicked, was reset or hangs: nothing of its kernel runs any more. */
export class KernelStoppedError extends Error {
  constructor(what: string, why: string) {
    super(`${what}: ${why}`);
    this.name = "KernelStoppedError";
  }
}

/** What was asked of the kernel waits for somebody, and nothing is due that could end that. It was sent a signal and left behind. */
export class KernelWaitsError extends Error {
  constructor(what: string, channel: string) {
    super(`${what}: waits for "${channel}", and nothing is due that could end that; free what it waits for, or run it later`);
    this.name = "KernelWaitsError";
  }
}
