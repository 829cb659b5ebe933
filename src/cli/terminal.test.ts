// Colours: whom the environment asks, and in which order.

import { describe, expect, it } from "vitest";
import { styleFor } from "./terminal.ts";

const red = "\u001b[31mtext\u001b[39m";
const painted = (isTTY: boolean, environment: Readonly<Record<string, string>>): string => styleFor({ isTTY }, environment).paint("red", "text");

describe("colours", () => {
  it("are for terminals, and not for dumb ones", () => {
    expect([painted(true, {}), painted(false, {}), painted(true, { TERM: "dumb" }), painted(true, { TERM: "xterm" })]).toEqual([red, "text", "text", red]);
  });

  it("NO_COLOR forbids them whatever else is said; empty it says nothing", () => {
    expect([painted(true, { NO_COLOR: "1" }), painted(true, { NO_COLOR: "0" }), painted(true, { NO_COLOR: "" }), painted(true, { NO_COLOR: "1", FORCE_COLOR: "1" })]).toEqual(["text", "text", red, "text"]);
  });

  it("FORCE_COLOR asks for them where there is no terminal, as in the logs of CI; 0 and false forbid them", () => {
    expect([painted(false, { FORCE_COLOR: "1" }), painted(false, { FORCE_COLOR: "true", TERM: "dumb" }), painted(true, { FORCE_COLOR: "0" }), painted(true, { FORCE_COLOR: "false" }), painted(false, { FORCE_COLOR: "" })]).toEqual([red, red, "text", "text", "text"]);
  });

  it("each style ends itself, and leaves the others on", () => {
    const style = styleFor({ isTTY: true }, {});
    expect((["green", "red", "yellow", "dim", "bold"] as const).map((name) => style.paint(name, "x"))).toEqual(["\u001b[32mx\u001b[39m", "\u001b[31mx\u001b[39m", "\u001b[33mx\u001b[39m", "\u001b[2mx\u001b[22m", "\u001b[1mx\u001b[22m"]);
  });
});
