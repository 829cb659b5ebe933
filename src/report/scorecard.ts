// The page of the scorecard: statements first, then the cells they are derived from. Everything on it is computed.

import { comparisonMarkdown } from "./comparison.ts";
import { statementRules } from "./statement-rules.ts";
import { statementsMarkdown, statementsOf } from "./statements.ts";
import type { SectionName, Sections } from "./statements.ts";

export interface SectionPlan {
  readonly name: SectionName;
  readonly title: string;
  readonly paths: readonly string[];
  readonly vary: string;
  readonly isUnpinned: boolean;
}

/** What the page compares, in its order. */
const plans: Readonly<Record<SectionName, Omit<SectionPlan, "name">>> = {
  presets: { title: "Every preset under every fault", paths: ["scenarios/faults"], vary: "kernel.preset=all", isUnpinned: true },
  decision: { title: "When it is decided who owns Soft Reserved memory", paths: ["scenarios/faults/slow-card.yaml", "scenarios/trimming/s59-too-early.yaml"], vary: "kernel.policies.quiesce=barrier,delay(10s),naive-wait", isUnpinned: false },
  publication: { title: "Soft Reserved in /proc/iomem", paths: ["scenarios/faults/hot-replace.yaml"], vary: "kernel.policies.srpub=always,never,late", isUnpinned: false },
  layouts: { title: "The price of containment", paths: ["scenarios/layouts"], vary: "kernel.preset=isolation-safe", isUnpinned: false },
};

export const planOf = (name: SectionName): SectionPlan => ({ name, ...plans[name] });
const sectionNames = Object.keys(plans) as readonly SectionName[];

const commandOf = ({ paths, vary, isUnpinned }: SectionPlan): string => `cxl-sandbox compare ${paths.join(" ")} --vary '${vary}'${isUnpinned ? " --unpin" : ""}`;

export function scorecardPage(sections: Sections): string {
  const counts = sectionNames.map((name) => sections[name].cells.length).reduce((sum, count) => sum + count, 0);
  return [
    "# Scorecard of policies", "",
    "Written by `npm run scorecard`; nothing on this page is written by hand. What the columns mean and how each fact is found: [compare](compare.md). The presets: [policies](policies.md).", "",
    `${counts} cells. A claim **holds** where every case that has something to say about it bears it out, **depends** where some do; behind it how many.`, "",
    "## What the cells say of each position", "", statementsMarkdown(statementsOf(statementRules, sections)),
    ...sectionNames.map(planOf).flatMap((plan) => [`## ${plan.title}`, "", `    ${commandOf(plan)}`, "", comparisonMarkdown(sections[plan.name], 3)]),
  ].join("\n");
}
