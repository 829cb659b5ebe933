// The example of docs/drivers.md does what the page says.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import type { DriverModule } from "../../src/platform/driver.ts";
import { defineDriver } from "../../src/sandbox.ts";
import { bootWith, second } from "./host.ts";

const page = readFileSync(new URL("../../docs/drivers.md", import.meta.url), "utf8");
const example = /```js\n(.*?)```/s.exec(page)?.[1] ?? "";

/** The page's file as a function: its import is the argument, its default export what is returned. */
function load(): DriverModule {
  const body = example.replace('import { defineDriver } from "cxl-sandbox";\n', "").replace("export default", "return");
  return (new Function("defineDriver", body) as (define: typeof defineDriver) => DriverModule)(defineDriver);
}

describe("the example of docs/drivers.md", () => {
  it("says when media is ready, marks records, counts them in its worker, and says when a device goes", () => {
    const host = bootWith([load()]);
    const lines = (): string[] => host.log().filter((line) => line.startsWith("media_watch"));
    expect(lines()).toEqual(["media_watch 0000:0d:00.0: media ready", "media_watch 0000:0e:00.0: media ready"]);
    const marks: string[] = [];
    host.kernel.trace.onText = (layer, _kind, text, detail) => void (layer === "kernel" && text.endsWith("reported") && marks.push(`${text}, ${detail}`));
    host.act({ kind: "injectEvent", device: "rp0-dev", log: "failure", record: encodePayload(recordLayout("memoryModule"), { id: uuidFrom(eventRecords.memoryModule.uuid) }) });
    host.run(second);
    host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/remove");
    expect([marks, lines().slice(2)]).toEqual([["0000:0d:00.0 reported, failure"], ["media_watch: 1 records so far", "media_watch 0000:0d:00.0: gone"]]);
  });

  it("the page names every hook and every service of the interface", () => {
    const types = readFileSync(new URL("../../src/platform/driver.ts", import.meta.url), "utf8");
    const members = (name: string): string[] => [...(new RegExp(`export interface ${name} \\{(.*?)\\n\\}`, "s").exec(types)?.[1] ?? "").matchAll(/^ {2}(?:readonly )?(\w+)\??[(:<]/gm)].map((match) => match[1] ?? "");
    const missing = [...members("DeviceHooks"), ...members("DriverServices").filter((name) => !["now", "parameters"].includes(name)), ...members("LinkServices"), ...members("SlotServices")].filter((name) => !page.includes(name));
    expect([members("DriverServices").length > 20, missing]).toEqual([true, []]);
  });
});
