import { describe, expect, it } from "vitest";
import { SystemError } from "../base/errno.ts";
import { createResource, createResourceTree, findFree, formatResources, insertConflict, insertExpanding, insertResource, releaseResource, removeResource, requestRegionIn, requestResource, subtract } from "./resource.ts";

const MiB = 1n << 20n;

describe("resource tree", () => {
  it("request fails on any overlap and outside of the parent", () => {
    const root = createResourceTree("mem");
    requestResource(root, createResource("a", 0x1000n, 0x1000n));
    expect(() => requestResource(root, createResource("b", 0x1fffn, 1n))).toThrow(SystemError);
    const window = createResource("window", 0x1_0000n, 0x1000n);
    requestResource(root, window);
    expect(() => requestResource(window, createResource("c", 0xffffn, 2n))).toThrow(/conflicts with window/);
  });

  it("insert nests inside what holds it and takes in what it holds", () => {
    const root = createResourceTree("mem");
    insertResource(root, createResource("inner", 0x2000n, 0x100n));
    insertResource(root, createResource("outer", 0x1000n, 0x4000n));
    insertResource(root, createResource("innermost", 0x2010n, 0x10n));
    expect(formatResources(root)).toBe("00001000-00004fff : outer\n  00002000-000020ff : inner\n    00002010-0000201f : innermost\n");
  });

  it("an insert of an equal range becomes the parent", () => {
    const root = createResourceTree("mem");
    insertResource(root, createResource("first", 0x1000n, 0x1000n));
    insertResource(root, createResource("second", 0x1000n, 0x1000n));
    expect(formatResources(root)).toBe("00001000-00001fff : second\n  00001000-00001fff : first\n");
  });

  it("a crossing range refuses an insert and is enclosed by an expanding one", () => {
    const root = createResourceTree("mem");
    insertResource(root, createResource("crossing", 0x1800n, 0x1000n));
    expect(insertConflict(root, createResource("refused", 0x1000n, 0x1000n))?.name).toBe("crossing");
    insertExpanding(root, createResource("grown", 0x1000n, 0x1000n));
    expect(formatResources(root)).toBe("00001000-000027ff : grown\n  00001800-000027ff : crossing\n");
  });

  it("regions go into containers and are refused by busy ranges", () => {
    const root = createResourceTree("mem");
    insertResource(root, createResource("region0", 0x1000n, 0x1000n));
    requestRegionIn(root, "dax0.0", 0x1000n, 0x800n);
    expect(requestRegionIn(root, "dax0.1", 0x17ffn, 0x100n)).toBeUndefined();
    expect(formatResources(root)).toContain("  00001000-000017ff : dax0.0\n");
  });

  it("remove hands children to the parent, release takes them along", () => {
    const root = createResourceTree("mem");
    const region = createResource("region0", 0x1000n, 0x1000n);
    insertResource(root, region);
    requestRegionIn(root, "dax0.0", 0x1000n, 0x1000n);
    removeResource(region);
    expect(formatResources(root)).toBe("00001000-00001fff : dax0.0\n");
    const left = root.children[0];
    if (left !== undefined) releaseResource(left);
    expect(formatResources(root)).toBe("");
  });

  it("free space is searched upwards, aligned, past every child", () => {
    const window = createResource("CXL Window 0", 256n * MiB, 1024n * MiB);
    expect(findFree(window, 256n * MiB, 256n * MiB)).toBe(256n * MiB);
    insertResource(window, createResource("region0", 256n * MiB, 256n * MiB));
    insertResource(window, createResource("region1", 768n * MiB, 256n * MiB));
    expect(findFree(window, 256n * MiB, 256n * MiB)).toBe(512n * MiB);
    expect(findFree(window, 512n * MiB, 256n * MiB)).toBeUndefined();
  });
});

describe("what is left of a range", () => {
  const left = (...cuts: readonly (readonly [number, number])[]): string => subtract({ start: 100n, end: 199n }, cuts.map(([start, end]) => ({ start: BigInt(start), end: BigInt(end) }))).map(({ start, end }) => `${start}-${end}`).join(" ");

  it("[S46] one cut: before, inside, after, exact, spanning, beside", () => {
    expect([left([50, 149]), left([120, 149]), left([150, 250]), left([100, 199]), left([0, 999]), left([0, 99], [200, 300])]).toEqual(["150-199", "100-119 150-199", "100-149", "", "", "100-199"]);
  });

  it("[S46] two cuts of each shape, in either order, leave what is in neither", () => {
    const shapes = [[50, 149], [120, 149], [150, 250], [100, 199], [0, 999], [0, 50]] as const;
    for (const one of shapes) {
      for (const other of shapes) {
        const isLeft = (at: number): boolean => [one, other].every(([first, last]) => at < first || at > last);
        const wanted = Array.from({ length: 100 }, (_, n) => 100 + n).filter(isLeft);
        const got = subtract({ start: 100n, end: 199n }, [one, other].map(([start, end]) => ({ start: BigInt(start), end: BigInt(end) }))).flatMap(({ start, end }) => Array.from({ length: Number(end - start) + 1 }, (_, n) => Number(start) + n));
        expect(got).toEqual(wanted);
        expect(left(one, other)).toBe(left(other, one));
      }
    }
  });
});
