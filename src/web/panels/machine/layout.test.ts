// Where the drawing puts things: everything is there once, nothing lies on anything else, and it takes the room that there is.

import { beforeAll, describe, expect, it } from "vitest";
import { loadModule } from "../../../hardware/module.ts";
import { createLive } from "../../../sandbox/live/live-run.ts";
import { machineLook } from "../../../sandbox/live/machine-look.ts";
import type { MachineLook, PartLook } from "../../../sandbox/live/machine-types.ts";
import type { Box } from "./layout.ts";
import { fitOf, layoutOf } from "./layout.ts";
import { newLines } from "./pointed.ts";
import { changesOf, hostId, nextId, placesOf, treeOf } from "./tree.ts";

const small = `version: 1
name: small
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { name: dev0, volatile: 1GiB } }, { name: rp1, device: { name: dev1, volatile: 1GiB } }] }] }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
steps: [{ run: "cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram" }, { run: "cxl create-region -d decoder0.0 -m \${mem:rp1} -w 1 -t ram" }]
`;
const ports = Array.from({ length: 12 }, (_, index) => `{ name: rp${index}, device: { name: dev${index}, volatile: 256MiB } }`).join(", ");
const large = `version: 1
name: large
machine:
  hostBridges:
    - rootPorts: [${ports}]
    - rootPorts: [{ name: up, switch: { name: sw0, ports: [{ name: dsp0, switch: { name: sw1, ports: [{ name: dsp1, device: { volatile: 256MiB } }, { name: dsp2 }] } }, { name: dsp3, present: false, device: { name: late, volatile: 256MiB } }] } }]
firmware: { windows: [{ targets: [hb0], size: 4GiB }, { targets: [hb1], size: 4GiB }, { targets: [hb0, hb1], size: 4GiB }] }
`;

let looks: readonly MachineLook[] = [];

beforeAll(async () => {
  const { module } = await loadModule("release");
  looks = [small, large].map((text) => {
    const live = createLive(module, { file: "drawn.yaml", text, includes: {}, seed: 1, schedule: "fixed" });
    live.go({ kind: "end" }).goOn(() => false);
    return machineLook(live, { most: 1000 });
  });
});

const everyPart = ({ bridges }: MachineLook): PartLook[] => {
  const below = (part: PartLook): PartLook[] => [part, ...part.below.flatMap(below)];
  return bridges.flatMap(below);
};

describe("fitting the drawing", () => {
  it("takes the largest zoom at which everything is seen, and none at which words cannot be read", () => {
    const [one, other] = looks;
    if (one === undefined || other === undefined) throw new Error("no looks");
    const seen = (zoom: number, height: number): boolean => layoutOf(one, 490 / zoom).height * zoom <= height;
    const zoom = fitOf(one, 490, 350);
    expect([zoom < 1, seen(zoom, 350), seen(zoom + 0.02, 350)]).toEqual([true, true, false]);
    expect([fitOf(one, 490, 2000), fitOf(one, 490, null), fitOf(one, 490, 10), fitOf(other, 390, null)]).toEqual([1, 1, 0.7, 0.7]);
  });
});

const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe("the layout of the drawing", () => {
  it.each([320, 390, 800, 1600, 3000])("has every part once, nothing over anything else, and all of it inside (%i pixels)", (available) => {
    for (const look of looks) {
      const layout = layoutOf(look, available);
      expect(layout.parts.map(({ part }) => part.name).toSorted()).toEqual(everyPart(look).map(({ name }) => name).toSorted());
      expect(layout.windows.flatMap(({ regions }) => regions).length + layout.strays.length).toBe(look.regions.length);
      const boxes: Box[] = [layout.host, ...layout.windows, ...layout.parts, ...layout.slots];
      for (const [index, box] of boxes.entries()) {
        expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= layout.width + 0.5 && box.y + box.height <= layout.height).toBe(true);
        for (const other of boxes.slice(index + 1)) expect(overlap(box, other)).toBe(false);
      }
    }
  });

  it("is no wider than what is there while parts have room, and grows with a machine that needs more", () => {
    const [few, many] = looks;
    if (few === undefined || many === undefined) throw new Error("no looks");
    for (const available of [390, 700, 1200]) expect(layoutOf(few, available).width).toBeLessThanOrEqual(available);
    expect(layoutOf(many, 390).width).toBeGreaterThan(1500);
  });

  it("shows regions in proportion, inside their window", () => {
    for (const { window, regions, x, width } of layoutOf(looks[0] as MachineLook, 800).windows) for (const box of regions) {
      expect(box.x).toBeGreaterThanOrEqual(x);
      expect(box.x + box.width).toBeLessThanOrEqual(x + width + 0.5);
      expect(Math.abs(box.width / width - box.region.bytes / window.bytes)).toBeLessThan(0.01);
    }
  });
});

describe("the tree of the drawing", () => {
  it("is walked by keys: down and up, along what hangs at one place, and no further than it goes", () => {
    const root = treeOf(looks[1] as MachineLook);
    const walk = (from: string, ...keys: readonly string[]): string | undefined => keys.reduce<string | undefined>((at, key) => (at === undefined ? undefined : nextId(root, at, key)), from);
    expect(walk(hostId, "ArrowDown", "End", "ArrowDown", "ArrowDown")).toBe("part:sw0");
    expect(walk("part:sw0", "ArrowDown", "ArrowRight", "ArrowRight")).toBe("part:dsp3");
    expect(walk("part:dsp3", "ArrowDown")).toBe("part:dsp3");
    expect(walk("part:dsp3", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")).toBe(hostId);
    expect(walk("part:rp0", "ArrowLeft")).toBe("part:rp0");
    expect(walk("part:rp3", "Home")).toBe(hostId);
    expect(walk("part:rp3", "x")).toBeUndefined();
    expect(placesOf(root).size).toBe(1 + 3 + everyPart(looks[1] as MachineLook).length);
  });

  it("says of a part what the drawing shows of it", () => {
    const labels = [...placesOf(treeOf(looks[1] as MachineLook)).values()].map(({ item }) => item.label);
    expect(labels).toContainEqual(expect.stringMatching(/^dsp3, downstream port, .*link down: empty slot, empty slot/));
    expect(labels).toContainEqual(expect.stringMatching(/^dev0, device, mem\d+, endpoint\d+, 256 MiB/));
    expect(labels).toContainEqual(expect.stringMatching(/^host, running, /));
  });
});

describe("what changed", () => {
  it("is what differs by its label, with what it was", () => {
    const before = [{ label: "Link", value: "up" }, { label: "Card", value: "dev0" }];
    expect([...changesOf([{ label: "Link", value: "down: cable" }, { label: "Card", value: "dev0" }, { label: "Poison", value: "none" }], before)]).toEqual([["Link", "up"], ["Poison", "not there"]]);
    expect(changesOf(before, undefined).size).toBe(0);
  });

  it("of a text is the lines that are new", () => {
    expect(newLines("a\nb\nc\n", "a\nb\nx\ny\nc\n")).toEqual({ line: 3, lines: ["x", "y"] });
    expect(newLines("a\n", "a\nb\n")).toEqual({ line: 2, lines: ["b"] });
    expect(newLines("a\na\n", "a\na\na\n")).toEqual({ line: 3, lines: ["a"] });
  });
});
