// Linux's resource tree case by case: insert, request, remove, release, free space, text (dax-memory 8; region-assembly 3, 7.1).

import { describe, expect, it } from "vitest";
import type { Resource } from "./resource.ts";
import { createResource, createResourceTree, findFree, formatResources, insertConflict, insertExpanding, insertResource, lastAddress, releaseResource, removeResource, requestConflict, requestRegionIn, requestResource, walkResources } from "./resource.ts";

/** A tree from lines `start-end name`, indented two spaces per level; `*` behind the name: busy. */
function tree(text: string): Resource {
  const root = createResourceTree("mem");
  const path: Resource[] = [root];
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const [, indent = "", from = "", to = "", name = "", busy] = /^( *)([0-9a-f]+)-([0-9a-f]+) ([^*]+)(\*?)$/.exec(line) ?? [];
    const resource = createResource(name, BigInt(`0x${from}`), BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n, busy === "*");
    path.length = indent.length / 2 + 1;
    requestResource(path.at(-1) ?? root, resource);
    path.push(resource);
  }
  return root;
}

const textOf = (root: Resource): string => walkResources(root).map(({ resource, depth }) => `${"  ".repeat(depth)}${resource.start.toString(16)}-${resource.end.toString(16)} ${resource.name}${resource.isBusy ? "*" : ""}\n`).join("");
const range = (name: string, from: bigint, to: bigint, isBusy = false): Resource => createResource(name, from, to - from + 1n, isBusy);
const named = (root: Resource, name: string): Resource => {
  const found = walkResources(root).find((entry) => entry.resource.name === name)?.resource;
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

const nested = `
1000-8fff window
  1000-2fff region0
    1000-1fff dax0.0*
      1000-17ff kmem
  4000-4fff region1
  6000-6fff region2
a000-afff ram*
`.slice(1);

describe("request", () => {
  it("goes directly below the parent, in order of address, and nowhere else", () => {
    const root = tree(nested);
    expect(requestConflict(root, range("hole", 0x9000n, 0x9fffn))).toBeNull();
    expect(root.children.map((child) => child.name)).toEqual(["window", "hole", "ram"]);
    expect(requestConflict(named(root, "window"), range("inside", 0x5000n, 0x5fffn))).toBeNull();
  });

  it("names the first child in the way, whether it crosses, holds or lies inside, and changes nothing", () => {
    const root = tree(nested);
    const conflicts = ([[0x0n, 0x1000n], [0x8fffn, 0x9fffn], [0x2000n, 0x2000n], [0x0n, 0xffffn]] as const).map(([from, to]) => requestConflict(root, range("new", from, to))?.name);
    expect([conflicts, textOf(root)]).toEqual([["window", "window", "window", "window"], nested]);
  });

  it("beyond the parent, or upside down: the parent itself is in the way", () => {
    const root = tree(nested);
    const window = named(root, "window");
    expect([[0x0n, 0x1fffn], [0x8000n, 0x9000n], [0x9000n, 0x9fffn]].map(([from = 0n, to = 0n]) => requestConflict(window, range("new", from, to)))).toEqual([window, window, window]);
    expect(requestConflict(root, { ...range("new", 0n, 0n), start: 2n, end: 1n })).toBe(root);
  });
});

describe("insert", () => {
  it("goes below the smallest range that holds it, busy or not", () => {
    const root = tree(nested);
    for (const [name, from, to] of [["a", 0x1100n, 0x11ffn], ["b", 0x1800n, 0x18ffn], ["c", 0x2000n, 0x2fffn], ["d", 0x5000n, 0x5fffn], ["e", 0x9000n, 0x9fffn], ["f", 0xa800n, 0xa8ffn]] as const) insertResource(root, range(name, from, to));
    expect(["a", "b", "c", "d", "e", "f"].map((name) => named(root, name).parent?.name)).toEqual(["kmem", "dax0.0", "region0", "window", "mem", "ram"]);
  });

  it("adopts everything that it holds, and leaves the neighbours", () => {
    const root = tree(nested);
    insertResource(root, range("two", 0x3000n, 0x5fffn));
    insertResource(root, range("all", 0x1000n, 0x6fffn));
    expect(textOf(root)).toBe(`
1000-8fff window
  1000-6fff all
    1000-2fff region0
      1000-1fff dax0.0*
        1000-17ff kmem
    3000-5fff two
      4000-4fff region1
    6000-6fff region2
a000-afff ram*
`.slice(1));
    expect(named(root, "region1").parent?.name).toBe("two");
  });

  it("of an equal range: the new one is outside, at whatever level the old one was", () => {
    const root = tree(nested);
    insertResource(root, range("Persistent Memory", 0x4000n, 0x4fffn));
    insertResource(root, range("Soft Reserved", 0x1000n, 0x8fffn));
    expect([named(root, "region1").parent?.name, named(root, "window").parent?.name, named(root, "Persistent Memory").parent?.name]).toEqual(["Persistent Memory", "Soft Reserved", "window"]);
  });

  it("across the edge of a range: refused with that range, also where it would hold others as well, and nothing changes", () => {
    const root = tree(nested);
    const conflicts = ([[0x0n, 0x1fffn], [0x8000n, 0x9000n], [0x2000n, 0x4fffn], [0x4800n, 0x6fffn], [0x1800n, 0x27ffn], [0x0n, 0xa7ffn]] as const).map(([from, to]) => insertConflict(root, range("new", from, to))?.name);
    expect([conflicts, textOf(root)]).toEqual([["window", "window", "region0", "region1", "dax0.0", "ram"], nested]);
    expect(() => insertResource(root, range("new", 0x0n, 0x1fffn))).toThrow(/crosses window/);
  });

  it("starts at the parent that is named, and does not leave it", () => {
    const root = tree(nested);
    const window = named(root, "window");
    expect(insertConflict(window, range("new", 0x9000n, 0x9fffn))).toBe(window);
    expect(insertConflict(window, range("outside", 0x0n, 0x9fffn))).toBe(window);
    expect(insertConflict(window, range("region3", 0x7000n, 0x7fffn))).toBeNull();
  });

  it("expanding: grows over each range that it crosses, one after the other, and says which", () => {
    const root = tree("1000-1fff a\n3000-4fff b\n5000-5fff c\n");
    const window = range("window", 0x1800n, 0x37ffn);
    expect([insertExpanding(root, window).map((one) => one.name), window.start, window.end]).toEqual([["a", "b"], 0x1000n, 0x4fffn]);
    expect(textOf(root)).toBe("1000-4fff window\n  1000-1fff a\n  3000-4fff b\n5000-5fff c\n");
    expect(insertExpanding(root, range("inside", 0x5000n, 0x50ffn))).toEqual([]);
  });
});

describe("a busy region", () => {
  it("is claimed below containers, however deep, and never below or across what is busy", () => {
    const root = tree(nested);
    const claim = (from: bigint, to: bigint): string | undefined => requestRegionIn(root, "new", from, to - from + 1n)?.parent?.name;
    expect([claim(0x2000n, 0x20ffn), claim(0x5000n, 0x5fffn), claim(0xb000n, 0xbfffn)]).toEqual(["region0", "window", "mem"]);
    expect([claim(0x1000n, 0x10ffn), claim(0xa000n, 0xa0ffn), claim(0x2800n, 0x37ffn), claim(0x8000n, 0x9000n), claim(0x4000n, 0x6fffn), claim(0x2000n, 0x20ffn)]).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
  });

  it("equal to a container goes inside it", () => {
    const root = tree(nested);
    expect(requestRegionIn(root, "dax1.0", 0x4000n, 0x1000n)?.parent?.name).toBe("region1");
  });
});

describe("taking out", () => {
  it("remove: children stand where their parent stood, in order", () => {
    const root = tree(nested);
    removeResource(named(root, "window"));
    removeResource(named(root, "region0"));
    expect(textOf(root)).toBe("1000-1fff dax0.0*\n  1000-17ff kmem\n4000-4fff region1\n6000-6fff region2\na000-afff ram*\n");
    expect(named(root, "region1").parent).toBe(root);
  });

  it("remove of what is in no tree, or twice, changes nothing", () => {
    const root = tree(nested);
    const region = named(root, "region1");
    removeResource(region);
    const after = textOf(root);
    removeResource(region);
    removeResource(range("stranger", 0x4000n, 0x4fffn));
    expect([textOf(root), region.parent]).toEqual([after, null]);
  });

  it("release: children go along, and can be put back with it", () => {
    const root = tree(nested);
    const region = named(root, "region0");
    releaseResource(region);
    expect([textOf(root).includes("dax0.0"), region.children.length]).toEqual([false, 1]);
    insertResource(root, region);
    expect(textOf(root)).toBe(nested);
  });
});

describe("free space", () => {
  it("is the lowest aligned hole that is large enough, at or above a limit, inside the parent", () => {
    const window = named(tree(nested), "window");
    expect([findFree(window, 0x1000n, 0x1000n), findFree(window, 0x1001n, 0x1000n), findFree(window, 0x2000n, 0x1000n), findFree(window, 0x2001n, 0x1000n)]).toEqual([0x3000n, 0x7000n, 0x7000n, undefined]);
    expect([findFree(window, 0x1000n, 0x2000n), findFree(window, 0x800n, 0x4000n), findFree(window, 0x1000n, 0x1000n, 0x3001n), findFree(window, 0x1000n, 0x1000n, 0x8001n)]).toEqual([0x8000n, 0x8000n, 0x5000n, undefined]);
  });

  it("an empty parent is free from its first aligned address; a child over the aligned address is passed", () => {
    const window = range("window", 0x1800n, 0x5fffn);
    expect(findFree(window, 0x1000n, 0x1000n)).toBe(0x2000n);
    requestResource(window, range("odd", 0x2100n, 0x21ffn));
    expect([findFree(window, 0x1000n, 0x1000n), findFree(window, 0x100n, 0x100n)]).toEqual([0x3000n, 0x1800n]);
  });
});

describe("text", () => {
  it("indents five levels, has eight digits or more, and gives the whole range", () => {
    const root = createResourceTree("mem");
    for (let depth = 0n; depth < 7n; depth++) insertResource(root, range(`level ${depth}`, depth, 0x1_0000_0000n - depth));
    expect(formatResources(root).split("\n").map((line) => line.search(/\S/))).toEqual([0, 2, 4, 6, 8, 10, 10, -1]);
    expect(formatResources(root).split("\n")[0]).toBe("00000000-100000000 : level 0");
    expect(root.end).toBe(lastAddress);
  });

  it("for who is not root has names and levels, and no addresses", () => {
    expect(formatResources(tree("1000-8fff window\n  1000-2fff region0\n"), false)).toBe("00000000-00000000 : window\n  00000000-00000000 : region0\n");
  });
});
