// What the worker does for the page without a run, by name: plain data in and out. A service that takes long is a generator that yields between steps.

import { editService } from "./edit-service.ts";
import { includesService } from "./includes-service.ts";
import type { Finding } from "../../scenario/lint.ts";
import { lintScenario } from "../../scenario/lint.ts";
import { divergence } from "./divergence-service.ts";
import { variations, vary } from "./vary-service.ts";
import { verdict } from "./verdict-service.ts";

export interface CheckQuestion {
  readonly file: string;
  readonly text: string;
  readonly includes: Readonly<Record<string, string>>;
}

// eslint-disable-next-line require-yield
function* check(_module: WebAssembly.Module, { file, text, includes }: CheckQuestion): Generator<undefined, readonly Finding[], undefined> {
  return lintScenario(file, text, includes);
}

export const services = { check, divergence, edit: editService, includes: includesService, variations, vary, verdict } as const;

export type Services = typeof services;
export type ServiceName = keyof Services;
export type ServiceQuestion<N extends ServiceName> = Parameters<Services[N]>[1];
export type ServiceAnswer<N extends ServiceName> = Services[N] extends (...values: never[]) => Generator<undefined, infer A, undefined> ? A : never;
