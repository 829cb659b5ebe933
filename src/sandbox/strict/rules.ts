// Every rule of the checker, in the order of docs/strict.md.

import type { Rule } from "./rule.ts";
import { decoderRules } from "./rules-decoder.ts";
import { isolationRules } from "./rules-isolation.ts";
import { mailboxRules } from "./rules-mailbox.ts";
import { registerRules } from "./rules-registers.ts";

/** Chapters of docs/strict.md. */
export const ruleChapters = { "Timeout & Isolation, containment, links": isolationRules, "HDM decoders": decoderRules, Mailboxes: mailboxRules, "Every register": registerRules } as const;

export const strictRules: readonly Rule[] = Object.values(ruleChapters).flat();
