// Everything but registers as words: policies, presets, settings, faults, triggers, expectations, outcomes, metrics, workloads, steps, rules, statuses.

import { steps } from "../../kernel/base/steps.ts";
import { defaultSettings } from "../../kernel/settings.ts";
import { faultRows } from "../faults/page.ts";
import { policies, policiesNamedBy, policyChoices, policyNames, presetNames, presetValues } from "../policies.ts";
import type { PolicyName } from "../policies.ts";
import { exitCodes } from "../result.ts";
import { rules } from "../rules.ts";
import { hostSettings } from "../settings.ts";
import type { Setting } from "../settings.ts";
import { unitOf, valueText } from "../settings-page.ts";
import { acceptanceSettings, verdictSettings } from "../verdict/settings.ts";
import type { Term, TermKind } from "./term.ts";
import { expectationWords, metricWords, outcomeWords, statusWords, triggerWords, workloadWords } from "./words.ts";
import type { Word } from "./words.ts";

const bare: Pick<Term, "source" | "facts" | "tables" | "examples" | "also"> = { source: "", facts: [], tables: [], examples: [], also: [] };
const plain = (markdown: string): string => markdown.replaceAll("`", "");

const words = (kind: TermKind, page: string, table: Readonly<Record<string, Word>>): Term[] => Object.entries(table).map(([name, { meaning, example }]) => ({ ...bare, kind, name, meaning, examples: [example], page }));

/** A text that YAML would take for a number stands in quotes. */
const quoted = (text: string): string => (/^[\d.]+$/.test(text) ? `"${text}"` : text);

function policyTerm(name: PolicyName): Term {
  const values = (presetNames.map((preset) => [preset, presetValues(preset)?.[name] ?? ""] as const));
  return {
    ...bare, kind: "policy", name, meaning: policies[name].meaning, facts: [["values", policyChoices(name).join(", ")], ["decided by", policies[name].owner]], tables: [{ head: ["preset", "value"], rows: values }],
    examples: [`kernel: { policies: { ${name}: ${quoted(policyChoices(name)[0] ?? "")} } }`], page: "docs/policies.md", also: [`pol-${name}`],
  };
}

function presetTerm(name: string): Term {
  const changed = new Set<string>(policiesNamedBy(name));
  const rows = policyNames.map((policy) => [policy, presetValues(name)?.[policy] ?? "", changed.has(policy) ? "its own" : "as in linux-7.2"]);
  return { ...bare, kind: "preset", name, meaning: "a value for every policy", tables: [{ head: ["policy", "value", ""], rows }], examples: [`kernel: { preset: ${name} }`], page: "docs/policies.md" };
}

function settingTerms(path: string, table: Readonly<Record<string, Setting>>, defaults: Readonly<Record<string, unknown>>): Term[] {
  const line = (name: string, value: string): string => `${path.split(".").reduceRight((inner, key) => `${key}: { ${inner} }`, `${name}: ${value}`)}`;
  return Object.entries(table).map(([name, setting]) => {
    const value = plain(valueText(setting, defaults[name]));
    return { ...bare, kind: "setting", name: `${path}.${name}`, meaning: plain(setting.meaning), source: setting.source, facts: [["default", value], ["values", plain(unitOf(setting))]], examples: [line(name, value)], page: "docs/settings.md", also: [name] };
  });
}

const defaultsOf = (table: Readonly<Record<string, { readonly default: unknown }>>): Record<string, unknown> => Object.fromEntries(Object.entries(table).map(([name, setting]) => [name, setting.default]));

const faultTerms = (): Term[] => Object.entries(faultRows).map(([name, { example, meaning, clause }]) => ({
  ...bare, kind: "fault", name, meaning: plain(meaning), source: clause === "-" ? "" : clause, examples: [`faults: [{ id: fault1, when: { at: 5ms }, do: { ${example} } }]`], page: "docs/faults.md",
}));

const stepTerms = (): Term[] => Object.entries(steps).map(([name, { meaning, errno }]) => ({
  ...bare, kind: "kernel step", name, meaning, facts: [["fails with", `${errno}, unless said`]], examples: [`faults: [{ id: step1, when: { at: 0ms, from: boot }, do: { kernelStep: { step: ${name} } } }]`], page: "docs/faults.md",
}));

const ruleTerms = (): Term[] => rules.map(({ id, text, clause, exempt }) => ({
  ...bare, kind: "rule", name: id, meaning: text, source: clause === "-" ? "" : clause, facts: exempt === undefined ? [] : [[exempt.kind === "record" ? "nothing to run" : "cannot arise here", exempt.reason]], page: "docs/rules.md",
}));

const statusTerms = (): Term[] => (Object.entries(statusWords) as [keyof typeof exitCodes, string][]).map(([name, meaning]) => ({
  ...bare, kind: "status", name, meaning, facts: [["exit status", String(exitCodes[name])]], page: "docs/ci.md", also: [String(exitCodes[name]), `exit ${exitCodes[name]}`],
}));

/** In the order of the kinds. */
export function wordTerms(): Term[] {
  return [
    ...policyNames.map(policyTerm), ...presetNames.map(presetTerm),
    ...settingTerms("host", hostSettings, { ...defaultSettings }), ...settingTerms("verdict", verdictSettings, defaultsOf(verdictSettings)), ...settingTerms("verdict.acceptance", acceptanceSettings, defaultsOf(acceptanceSettings)),
    ...faultTerms(), ...words("trigger", "docs/faults.md", triggerWords), ...words("expectation", "docs/scenarios.md", expectationWords), ...words("outcome", "docs/outcomes.md", outcomeWords),
    ...words("metric", "docs/outcomes.md", metricWords), ...words("workload", "docs/workloads.md", workloadWords), ...stepTerms(), ...ruleTerms(), ...statusTerms(),
  ];
}
