// Entries of an exported tree: links that stay inside, bytes, names, and what cannot be read.

import { describe, expect, it } from "vitest";
import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/interface.ts";
import { ExportNameError, bytesOf, containedTarget, exportTree } from "./export.ts";

describe("targets of links", () => {
  it("that are relative stay as the kernel gives them", () => {
    expect(containedTarget("/sys/bus/cxl/devices/mem0", "../../../devices/pci0000:0c/mem0")).toBe("../../../devices/pci0000:0c/mem0");
    expect(containedTarget("/sys/devices/acpi/root0/uport", "../../acpi")).toBe("../../acpi");
  });

  it("that are absolute become relative to their folder", () => {
    expect(containedTarget("/sys/bus/x", "/sys/devices/y")).toBe("../devices/y");
    expect(containedTarget("/x", "/")).toBe(".");
  });

  it("never lead above the root, and have steps up at their beginning alone", () => {
    expect(containedTarget("/sys/x", "../../../../etc/passwd")).toBe("../etc/passwd");
    expect(containedTarget("/x", "../../etc")).toBe("etc");
    expect(containedTarget("/sys/a/x", "b/../../../../c")).toBe("../../c");
    expect(containedTarget("/sys/a/x", "/../../etc")).toBe("../../etc");
  });
});

describe("bytes", () => {
  it("are characters 0 to 255 as they stand; a text with others is UTF-8", () => {
    expect([...bytesOf("\u0000\u00ff\n")]).toEqual([0, 255, 10]);
    expect([...bytesOf("\u20ac")]).toEqual([0xe2, 0x82, 0xac]);
  });
});

/** A tree of one folder with these names, each a file. */
function treeOf(names: readonly string[], read: (path: string) => string = () => ""): FileSystem {
  const status = { kind: "file", isReadable: true, isWritable: false, device: null } as const;
  return { list: () => [...names], status: () => status, read } as Partial<FileSystem> as FileSystem;
}

describe("a tree", () => {
  it("with a name that no file system takes is refused by name and folder", () => {
    for (const name of ["..", ".", "", "a/b", "a\0b", "x".repeat(256)]) expect(() => [...exportTree(treeOf([name]), "/sys")], name).toThrow(ExportNameError);
    expect(() => [...exportTree(treeOf(["../../etc"]), "/sys")]).toThrow('/sys: "../../etc" is no name of a file');
  });

  it("has a file that answers with an error as one that cannot be read, and goes on", () => {
    const entries = [...exportTree(treeOf(["bad", "good"], (path) => {
      if (path === "/bad") throw new SystemError("EIO", "media");
      return "1\n";
    }))];
    expect(entries.map((entry) => [entry.kind, entry.path])).toEqual([["unreadable", "/bad"], ["file", "/good"]]);
    expect(entries[0]).toMatchObject({ errno: "EIO", message: "media" });
  });

  it("reads nothing below /dev but the log", () => {
    const entries = [...exportTree(treeOf(["kmsg", "mem"], (path) => path), "/dev")];
    expect(entries.map((entry) => (entry.kind === "file" ? new TextDecoder().decode(entry.bytes) : ""))).toEqual(["/dev/kmsg", ""]);
  });
});
