// A machine from a scenario that lies on a server: there, missing, broken on the way, or no scenario at all.

import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine } from "../../src/sandbox.ts";

const at = (name: string): URL => new URL(`http://scenarios.test/${name}`);
const text = `version: 1\nname: remote\nmachine:\n  hostBridges:\n    - rootPorts: [{ name: far, device: { volatile: 256MiB } }]\n`;
const server = setupServer(
  http.get(at("there.yaml").href, () => HttpResponse.text(text)),
  http.get(at("missing.yaml").href, () => new HttpResponse(null, { status: 404 })),
  http.get(at("broken.yaml").href, () => HttpResponse.error()),
  http.get(at("page.yaml").href, () => HttpResponse.html("<!doctype html><title>Sign in</title>")),
  http.get(at("wrong.yaml").href, () => HttpResponse.text(text.replace("256MiB", "3MiB"))),
);

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterAll(() => server.close());

describe("a machine from a URL", () => {
  test("is made of the scenario that lies there", async () => {
    const machine = await createMachine(at("there.yaml"));
    expect(machine.rootPort("far").state.link).toBe("up");
  });

  test("that answers 404 or not at all names the address and the reason", async () => {
    await expect(createMachine(at("missing.yaml"))).rejects.toThrow("cannot read the machine http://scenarios.test/missing.yaml: HTTP status 404");
    await expect(createMachine(at("broken.yaml"))).rejects.toThrow("cannot read the machine http://scenarios.test/broken.yaml: ");
  });

  test("that answers with something else is a bad file, with its place", async () => {
    await expect(createMachine(at("page.yaml"))).rejects.toThrow(/^http:\/\/scenarios\.test\/page\.yaml:1:1/);
    await expect(createMachine(at("wrong.yaml"))).rejects.toThrow(/^http:\/\/scenarios\.test\/wrong\.yaml:5:\d+.*multiple of 256MiB/s);
  });
});
