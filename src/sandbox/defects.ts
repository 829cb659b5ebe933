// Defects of the recovery driver as runs and the page about them see them; the table is the driver's own.

import type { Defect, DefectName } from "../drivers/isolation/defects.ts";
import { defectNames, defects } from "../drivers/isolation/defects.ts";
import { isolation } from "../drivers/isolation/driver.ts";
import type { DriverParameters } from "./drivers.ts";

export { defectNames, defects, defectsOf } from "../drivers/isolation/defects.ts";
export type { DefectName } from "../drivers/isolation/defects.ts";

/** Parameters of drivers with these defects in the recovery driver. */
export function withDefects(parameters: DriverParameters, names: readonly string[]): DriverParameters {
  return names.length === 0 ? parameters : { ...parameters, [isolation.name]: { ...parameters[isolation.name], defect: names.join(",") } };
}

/** What a run is repeated with. */
export const defectWords = (names: readonly string[]): string => names.map((name) => ` --defect ${name}`).join("");

/** docs/defects.md; a test holds the file equal. */
export function defectsPage(): string {
  const row = (name: DefectName, { meaning, source, scenario, seen }: Defect): string => `| \`${name}\` | ${meaning} | ${source} | [${scenario.replace(/\.yaml$/, "")}](../scenarios/defects/${scenario}) | ${seen} |`;
  return `# Defects of the recovery driver

A test bench that finds nothing may be looking at nothing. The recovery driver that comes with the sandbox can be given bugs: those that were seen in the posted
patches for isolation, and steps of a recovery that are left out. Each has a scenario that passes without it and fails with it, and says why:

    cxl-sandbox run scenarios/defects
    cxl-sandbox run scenarios/defects/fence-skipped.yaml --defect fence-skipped

\`--defect\` may be given more than once, goes with any scenario whose policy \`isoact\` is not \`none\`, and is part of the command that a report prints for repeating a
run. What a defect changes first is named against the scenario's [golden](goldens.md). A program gives the parameter \`defect\` of the driver \`isolation\` ([drivers](drivers.md)). Series are those of the linux-cxl list; patches are counted in the order of each
posting. INFERRED: what the bug does was worked out from reading it, it was never run on hardware.

| defect | what the driver does | source | scenario | what is seen |
|---|---|---|---|---|
${defectNames.map((name) => row(name, defects[name])).join("\n")}
`;
}
