// What a command can answer. Where a sheet leaves more than one answer, the reply lists them; the one that the device gave is taken, and no other
// may be given.

import type { ReturnCode } from "../../../registers/payload-schema.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import type { QuestionName } from "./open-questions.ts";

/** Output bytes and which of their bits the sheets say; absent: all. */
export interface Output {
  readonly bytes: Uint8Array;
  readonly known?: Uint8Array;
  /** Length and bytes are the device's own; `verify` says what is wrong with them. */
  readonly isOwn?: boolean;
  readonly verify?: (bytes: Uint8Array) => string | undefined;
}

/** A background operation: how it can end, asked for when it ends; `stop` is an abort or a reset. */
export interface BackgroundPlan {
  readonly finish: () => Reply;
  readonly stop?: () => void;
}

export interface Alternative {
  readonly code: number;
  readonly output?: Output;
  /** State that the command changes, when the device chose this answer. */
  readonly commit?: () => void;
  readonly background?: BackgroundPlan;
  /** Question that makes this an alternative. */
  readonly question?: QuestionName;
}
export type Reply = readonly Alternative[];

export const success = (output?: Uint8Array | Output, commit?: () => void): Reply => [{
  code: returnCodes.success,
  ...(output === undefined ? {} : { output: output instanceof Uint8Array ? { bytes: output } : output }),
  ...(commit === undefined ? {} : { commit }),
}];

/** Any of these errors: with several faults in one input no sheet says which is told. */
export const failure = (...codes: readonly ReturnCode[]): Reply => [...new Set(codes)].map((code) => ({ code: returnCodes[code] }));

/** Answers that an open question allows. */
export const either = (question: QuestionName, ...replies: readonly Reply[]): Reply => replies.flat().map((alternative) => ({ question, ...alternative }));

export const inBackground = (background: BackgroundPlan): Reply => [{ code: returnCodes.backgroundStarted, background }];

/** Errors of an input, gathered. */
export class Faults {
  readonly #codes: ReturnCode[] = [];

  when(holds: boolean, code: ReturnCode): this {
    if (holds) this.#codes.push(code);
    return this;
  }

  get any(): boolean {
    return this.#codes.length > 0;
  }

  get reply(): Reply {
    return failure(...this.#codes);
  }
}
