// The `when:` of a fault: what makes it act.

import { z } from "zod";
import { count, time } from "./values.ts";

const direction = z.enum(["read", "write", "any"]);
const from = z.enum(["boot", "ready"]).optional();
/** When a fault acts. */
export const when = z.union([
  z.strictObject({ at: time, from }),
  z.strictObject({ access: z.strictObject({ of: z.string(), register: z.string(), direction: direction.optional(), nth: z.int().min(1).optional() }), from }),
  z.strictObject({ request: z.strictObject({ port: z.string().optional(), direction: direction.optional(), nth: z.int().min(1).optional() }), from }),
  z.strictObject({ register: z.strictObject({ of: z.string(), field: z.string(), equals: count }), from }),
  z.strictObject({ after: z.string().min(1), from }),
]);
