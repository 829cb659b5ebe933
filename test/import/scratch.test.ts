import { readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { it } from "vitest";
import { importTwin } from "../../src/scenario/twin/import-twin.ts";
import { readCxlCapture } from "../../src/scenario/twin/cxl-capture.ts";
import { checkTwin } from "../../src/sandbox/twin-check.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { parseCapture } from "../../src/scenario/twin/capture-json.ts";
import { findingLines } from "../../src/scenario/twin/findings.ts";
import { runText } from "../support/scenarios.ts";
import { modules } from "../support/machine.ts";
const root = "/work/shared/real/linux";
const only = process.env["ONLY"] ?? "";
for (const folder of readdirSync(root)) for (const file of readdirSync(join(root, folder)).filter((name) => /cxl-vvv.json$|cxl-all.json$|region.json$/.test(name) && `${folder}/${name}`.includes(only))) {
  it(`${folder}/${file}`, () => {
    const text = readFileSync(join(root, folder, file), "utf8");
    const moment = file.split(".")[0] ?? "";
    const iomem = join(root, folder, `${moment}.iomem`);
    const cedt = join(root, "2b-two-way-ram/CEDT.bin");
    const twin = importTwin({ cxlList: { file, text }, ...(existsSync(iomem) ? { iomem: { file: iomem, text: readFileSync(iomem, "utf8") } } : {}), cedt: { file: cedt, bytes: readFileSync(cedt) } });
    console.log(folder, file, "\n", process.env["SHOW"] ? twin.text : "", findingLines(twin.findings).join("\n"));
    const list = readCxlCapture(file, text).listing;
    const check = checkTwin(modules.release, planScenario(file, twin.text), parseCapture(file, text, ""), list);
    console.log(check.failure, check.differences.filter(({ place }) => process.env["ALL"] || !/alert_config|firmware_version/.test(place)));
    const result = runText(file, twin.text).result;
    console.log(JSON.stringify(result.expectations?.filter((one) => !one.pass)), result.outcome, (result as { error?: unknown }).error);
  });
}
