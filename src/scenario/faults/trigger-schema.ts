// The `when:` of a fault: what makes it act. src/scenario/faults/trigger.ts says what it comes to; docs/scenarios.md has the table.

import { z } from "zod";
import { stepNames } from "../../kernel/base/steps.ts";
import type { StepName } from "../../kernel/base/steps.ts";
import { levels } from "../expectations/schema.ts";
import { suggestion } from "../suggest.ts";
import { count, time, withForm } from "../values.ts";

const direction = z.enum(["read", "write", "any"]);
const from = z.enum(["boot", "ready"]).optional();
const nth = z.int().min(1).optional();
const text = z.string().min(1);

/** A time, or a window of which the seed picks a moment; both ends belong to it. */
const moment = z.union([time, z.strictObject({ between: z.tuple([time, time]) })]);

const series = { from, times: z.int().min(1).max(10_000).optional(), every: time.optional() };
/** What every trigger but a time can bear. */
const common = { ...series, nth, delay: moment.optional(), within: time.optional() };

/** `decoder.commit of decoder1.0`: a step of the kernel's table, wherever it is met or for one thing. */
const step = withForm(z.string().transform((value, context): { readonly name: StepName; readonly of: string | null } => {
  const [, name = "", of] = /^(\S+)(?:\s+of\s+(\S+))?\s*$/.exec(value) ?? [];
  const found = stepNames.find((one) => one === name);
  if (found !== undefined) return { name: found, of: of ?? null };
  context.addIssue({ code: "custom", message: name === "" ? `"${value}" is no step; write it like decoder.commit, or decoder.commit of decoder1.0` : `no kernel step "${name}"; ${suggestion(name, stepNames)}` });
  return z.NEVER;
}), { anyOf: [{ type: "string", enum: stepNames }, { type: "string", pattern: `^(${stepNames.map((name) => name.replaceAll(".", "\\.")).join("|")})\\s+of\\s+\\S+\\s*$` }] });

/** When a fault acts. */
export const when = z.union([
  z.strictObject({ at: moment, ...series }),
  z.strictObject({ access: z.strictObject({ of: z.string(), register: z.string(), direction: direction.optional(), nth }), ...common }),
  z.strictObject({ request: z.strictObject({ port: z.string().optional(), direction: direction.optional(), nth }), ...common }),
  z.strictObject({ register: z.union([z.string(), z.strictObject({ of: z.string(), field: z.string(), equals: count.optional(), changes: z.literal(true).optional() })]), equals: count.optional(), changes: z.literal(true).optional(), ...common }),
  z.strictObject({ after: text, ...common }),
  z.strictObject({ mark: text, ...common }),
  z.strictObject({ log: text, level: z.enum(levels).optional(), ...common }),
  z.strictObject({ step, ...common }),
  z.strictObject({ fault: z.union([z.string(), z.strictObject({ id: z.string(), delay: moment.optional(), within: time.optional(), nth })]), ...common }),
]);

export type WhenFile = z.output<typeof when>;
export type MomentFile = z.output<typeof moment>;
