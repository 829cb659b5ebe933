// The policies as a page: docs/policies.md is this text (a test holds them equal).

import { policies, policyChoices, policyNames, presetNames, presetValues } from "./policies.ts";

export function policiesPage(): string {
  const rows = policyNames.map((name) => `| \`${name}\` | ${policyChoices(name).map((value) => `\`${value}\``).join(", ")} | ${policies[name].owner} | ${policies[name].meaning} | \`${presetValues("linux-7.2")?.[name] ?? ""}\` |`);
  const presets = presetNames.map((preset) => {
    const changed = policyNames.filter((name) => presetValues(preset)?.[name] !== presetValues("linux-7.2")?.[name]);
    return `| \`${preset}\` | ${changed.length === 0 ? "the default" : changed.map((name) => `${name}: ${presetValues(preset)?.[name] ?? ""}`).join(", ")} |`;
  });
  return `# Policies

Every disagreement is a named policy with named values. A scenario picks a preset and may set single policies: \`kernel: { preset: isolation-safe,
policies: { isoact: none } }\`. A value with a time in brackets takes another one in its place, or none for the one shown. A policy belongs to one owner; only that owner reads it. Policies whose owner does not model them yet are accepted,
reported in the result, and change nothing.

| policy | values | owner | meaning | linux-7.2 |
|---|---|---|---|---|
${rows.join("\n")}

| preset | as linux-7.2, but |
|---|---|
${presets.join("\n")}
`;
}
