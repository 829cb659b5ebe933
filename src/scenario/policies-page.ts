// The policies as a page: docs/policies.md is this text (a test holds them equal).

import { moduleNames } from "../kernel/base/module-plan.ts";
import { policies, policyChoices, policyNames, presetNames, presetValues } from "./policies.ts";

const ownership = `## How they compose: who owns Soft Reserved memory

Ranges over no CXL window go to hmem at once. For the others one decision is made, once, when \`quiesce\` says so: \`barrier\` asks for the drivers of
windows and memdevs and waits until probing is at rest; \`naive-wait\` goes on as soon as no probe is in flight, whatever is still to come; \`delay(T)\` decides T
after dax_hmem began to wait. Boot ends when probing is at rest and, but for \`delay\`, the decision was made: nobody waits for delayed work, so that steps and workloads may
come before it (\`settle: true\` waits for it). A run does not end before it. What goes wrong later changes nothing. The decision, in this order:

1. \`own: none\` or \`sr: none\`: every range is left to CXL, come what may.
2. A range inside one committed region is CXL's. For any other one \`sr\` and \`leftover\` say what hmem registers:

| \`sr\` | \`leftover: whole-to-hmem\` | \`to-dax\` | \`waste\` |
|---|---|---|---|
| \`softened\` | the whole range | what committed regions leave, piece by piece | nothing if a committed region covers a part, else the whole range |
| \`trim-after-probe\` | as \`to-dax\` | what committed regions leave | as above |
| \`trim\` | as \`to-dax\` | what is left of the range; the part under a region is cut off when the region is constructed and does not come back if its assembly fails | nothing of a range that was cut, else the whole range |
| \`all-or-nothing\` | nothing: CXL owns it or it is wasted | what committed regions leave | nothing |

3. Something is taken away first, and then whole ranges are hmem's, when
   - \`sr: all-or-nothing\` and something went wrong: a probe of a CXL driver failed, a region of firmware's is not assembled, a committed decoder is in no region. A region that
     a user failed to make does not count. With \`blast: global\` the whole topology goes, as when the root device's driver is unbound.
   - \`own: global-teardown\` and one range is not inside a committed region. With \`blast: global\` every region goes.
   - \`blast: global\` by itself and something went wrong: every region goes.

   \`blast: per-range\` limits the first two to the ranges that no committed region holds and the regions over them. What firmware decodes stays decoded; regions that users made are
   reset and their dax devices go.
4. \`own: mode-variable\` and one range is not inside a committed region: all ranges are hmem's, nothing is taken away. Until the decision cxl's dax regions are deferred: for ever
   where no range over a window asks for one.
5. \`failover: off\`: hmem registers nothing of all that.

\`srpub\`: a line in /proc/iomem from boot on (\`always\`), none, or one per hmem device while its driver has the range (\`late\`). \`sr: trim\` cuts published lines too. Where the kernel has
no dax_hmem the ranges stand in /proc/iomem from boot on. \`resetgate: deny\`: \`commit\` = 0, \`delete_region\` and emptying a target of a committed region fail with EBUSY while an hmem device
with a dax region overlaps. \`excl: none\`: two dax regions may cover one address.
`;

const modules = `## Drivers and modules

\`kernel: { builtIn: [...], modules: [...] }\` says which drivers there are: ${moduleNames.map((name) => `\`${name}\``).join(", ")}. Without it all are built in. Built-in ones start in this order;
modules are loaded after them, one after another as listed, and each probes what is there. A file that gives one of the lists says everything: a driver it does not name is missing.
cxl_acpi and cxl_mem bring cxl_port with them; with \`quiesce: barrier\` dax_hmem brings cxl_acpi, cxl_mem and cxl_pci, and dax_cxl brings dax_hmem. dax_cxl registers its driver only
when a decision that is pending was made: loaded before dax_hmem it finds none (not with \`barrier\`) and registers at once.
`;

export function policiesPage(): string {
  const rows = policyNames.map((name) => `| \`${name}\` | ${policyChoices(name).map((value) => `\`${value}\``).join(", ")} | ${policies[name].owner} | ${policies[name].meaning} | \`${presetValues("linux-7.2")?.[name] ?? ""}\` |`);
  const presets = presetNames.map((preset) => {
    const changed = policyNames.filter((name) => presetValues(preset)?.[name] !== presetValues("linux-7.2")?.[name]);
    return `| \`${preset}\` | ${changed.length === 0 ? "the default" : changed.map((name) => `${name}: ${presetValues(preset)?.[name] ?? ""}`).join(", ")} |`;
  });
  return `# Policies

Every disagreement is a named policy with named values. A scenario picks a preset and may set single policies: \`kernel: { preset: isolation-safe,
policies: { isoact: none } }\`. A value with a time in brackets takes another one in its place, or none for the one shown. A policy belongs to one owner; only that owner reads it. \`verdict: default\` stands for the weights and times of [settings](settings.md), which a file may change one by one.

| policy | values | owner | meaning | linux-7.2 |
|---|---|---|---|---|
${rows.join("\n")}

| preset | as linux-7.2, but |
|---|---|
${presets.join("\n")}

${ownership}
${modules}`;
}
