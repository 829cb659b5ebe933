import { describe, expect, inject, it } from "vitest";
import { createMachine } from "../../src/sandbox.ts";
import { useLibrary } from "../support/library-use.ts";

describe("[rule 5] the library in this engine", () => {
  it("answers as in Node and leaves the same trace", async () => {
    expect(await useLibrary()).toEqual(inject("libraryUse"));
  });

  it("reads a machine by its address", async () => {
    const text = "version: 1\nname: fetched\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }] }] }\n";
    const machine = await createMachine(new URL(`data:text/yaml,${encodeURIComponent(text)}`));
    expect(machine.device("dev0").bdf).toBe("0000:0d:00.0");
    await expect(createMachine(new URL(`data:text/yaml,${encodeURIComponent("version: 1\nname: none\nmachine: {}\n")}`))).rejects.toThrow('machine.hostBridges: "hostBridges" is missing');
  });
});
