// What the captures show the model to lack, though the specification asks for it. A finding is not explained: it stays open until the model has it,
// and is stale then.

import type { Explanation } from "./rule.ts";
import { rules } from "./rule.ts";

export type Finding = Explanation;

export const findings: readonly Finding[] = rules(["mailbox"], [
  ["limit of injected poison behind a full list", ["type3"], "injectPoison.returnCode.value", [[0x10, 0x04]], "CXL 8.2.10.9.4.2", "Lines that a full list lost count towards the limit too: the next injection is refused with Inject Poison Limit Reached."],
]);
