// Text tools: what GNU's programs print for the same input, and the tree as find, tree and ls see it.

import { describe, expect, it } from "vitest";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { Call } from "../../src/userland/programs.ts";
import { programs } from "../../src/userland/programs.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { deviceOf, machineOf, portOf } from "../support/machine.ts";

const sample = "banana 3\napple 10\ncherry 2\napple 10\n\nDate-1 x\nfoo.bar [x] (y) a|b\nlast:one:two";
const texts: Readonly<Record<string, string>> = { "/a": "one\ntwo\n", "/b": "two three\n" };
const files = {
  read: (path: string) => {
    const text = texts[path];
    if (text === undefined) throw new SystemError("ENOENT");
    return text;
  },
  exists: () => false,
} as unknown as Call["files"];

/** Runs a program on what is piped in. */
function run(words: readonly string[], input = sample): string {
  const said = { out: "", err: "" };
  const [name = "", ...argv] = words;
  const task = programs.get(name)?.run({ files, argv, input, output: { out: (text) => void (said.out += text), err: (text) => void (said.err += text) } });
  const { value } = task?.next() ?? { value: -1 };
  return `${String(value)} ${said.out}${said.err}`;
}

const same = (cases: readonly (readonly [readonly string[], string])[]): void => {
  for (const [words, output] of cases) it(words.join(" "), () => expect(run(words)).toBe(output));
};

describe("grep", () => same([
  [["grep", "apple"], "0 apple 10\napple 10\n"], [["grep", "-vc", "a"], "0 2\n"], [["grep", "-in", "DATE"], "0 6:Date-1 x\n"], [["grep", "-o", "a[np]*"], "0 an\nan\na\napp\napp\na\na\na\na\n"], [["grep", "-Eo", "(an)+"], "0 anan\n"],
  [["grep", "zzz"], "1 "], [["grep", "-q", "a"], "0 "], [["grep", "(y)"], "0 foo.bar [x] (y) a|b\n"], [["grep", "a|b"], "0 foo.bar [x] (y) a|b\n"], [["grep", "-c", "a\\|b"], "0 6\n"], [["grep", "-F", "[x] (y)"], "0 foo.bar [x] (y) a|b\n"],
  [["grep", "[[:digit:]]$"], "0 banana 3\napple 10\ncherry 2\napple 10\n"], [["grep", "-n", "^$"], "0 5:\n"], [["grep", "two", "/a", "/b"], "0 /a:two\n/b:two three\n"], [["grep", "-h", "two", "/a", "/b"], "0 two\ntwo three\n"], [["grep", "x", "/none"], "2 grep: /none: No such file or directory\n"],
  [["grep", "-E", "(a)\\1"], "2 grep: \\1: references back to a group are not supported\n"], [["grep", "-Eo", "an|ana"], "0 ana\n"],
  [["grep", "-Z", "x"], "2 grep: invalid option -- 'Z'\nTry 'grep --help' for more information.\n"],
]));

describe("head, tail, wc", () => {
  same([
    [["head", "-n", "2"], "0 banana 3\napple 10\n"], [["head", "-1"], "0 banana 3\n"], [["head", "-n", "-7"], "0 banana 3\n"], [["head", "-c", "3"], "0 ban"], [["head", "-n", "x"], "1 head: invalid number of lines: 'x'\n"], [["head", "/none"], "1 head: cannot open '/none' for reading: No such file or directory\n"],
    [["head", "-n1", "/a", "/b"], "0 ==> /a <==\none\n\n==> /b <==\ntwo three\n"], [["tail", "-n", "1"], "0 last:one:two"], [["tail", "-n", "+8"], "0 last:one:two"], [["tail", "-c", "3"], "0 two"], [["wc", "-l"], "0 7\n"], [["wc"], "0       7      15      78\n"],
    [["wc", "/a", "/b"], "0  2  2  8 /a\n 1  2 10 /b\n 3  4 18 total\n"], [["wc", "-c", "/a"], "0 8 /a\n"],
  ]);
});

describe("sort, uniq, cut, tr", () => same([
  [["sort", "/a", "/b"], "0 one\ntwo\ntwo three\n"], [["sort", "-r", "/a"], "0 two\none\n"], [["sort", "-u", "/a", "/a"], "0 one\ntwo\n"], [["sort", "/none"], "2 sort: cannot read: /none: No such file or directory\n"], [["uniq", "-c", "/a"], "0       1 one\n      1 two\n"],
  [["cut", "-d", " ", "-f2", "/b"], "0 three\n"], [["cut", "-c1-2", "/a"], "0 on\ntw\n"], [["cut", "-f0"], "1 cut: fields are numbered from 1\nTry 'cut --help' for more information.\n"], [["cut"], "1 cut: you must specify a list of bytes, characters, or fields\nTry 'cut --help' for more information.\n"],
  [["tr"], "1 tr: missing operand\nTry 'tr --help' for more information.\n"],
]));

describe("sort, uniq, tr of what is piped in", () => {
  it("by number, by field, folded", () => {
    expect(run(["sort", "-n"], "10\n9\n-1\nx\n")).toBe("0 -1\nx\n9\n10\n");
    expect(run(["sort", "-k2", "-n"], "a 10\nb 9\n")).toBe("0 b 9\na 10\n");
    expect(run(["sort", "-t:", "-k2"], "a:z\nb:y\n")).toBe("0 b:y\na:z\n");
    expect(run(["uniq", "-d"], "a\na\nb\n")).toBe("0 a\n");
    expect(run(["tr", "a-c", "A-C"], "abcd\n")).toBe("0 ABCd\n");
    expect(run(["tr", "-d", "\\n"], "a\nb\n")).toBe("0 ab");
    expect(run(["tr", "-s", " "], "a   b\n")).toBe("0 a b\n");
  });
});

describe("hexdump, xxd", () => {
  it("show bytes and what of them can be printed; rows that repeat are a star", () => {
    expect(run(["hexdump", "-C"], "abc\n\u00ff")).toBe("0 00000000  61 62 63 0a ff                                    |abc..|\n00000005\n");
    expect(run(["hexdump"], "abcdefghijklmnopqrs")).toBe(`0 0000000 6261 6463 6665 6867 6a69 6c6b 6e6d 706f\n0000010 7271 0073${" ".repeat(30)}\n0000013\n`);
    expect(run(["xxd", "-C"], "a")).toContain("xxd: invalid option -- 'C'");
    expect(run(["hexdump", "-C"], `${"\0".repeat(48)}x`)).toBe(`0 00000000  ${"00 ".repeat(8)} ${"00 ".repeat(8)} |${".".repeat(16)}|\n*\n00000030  78                                                |x|\n00000031\n`);
    expect(run(["xxd", "-l", "3"], "abcdef")).toBe("0 00000000: 6162 63                                  abc\n");
  });
});

const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] })]));

describe("the tree", () => {
  it("bytes of config space", () => {
    expect(boot().command("hexdump -C -n 16 /sys/bus/pci/devices/0000:0d:00.0/config").stdout).toBe("00000000  98 1e 03 0c 06 00 10 00  01 10 02 05 00 00 00 00  |................|\n00000010\n");
    expect(boot().command("xxd -s 0x100000 -l 4 /dev/mem")).toEqual({ exitCode: 1, stdout: "", stderr: "xxd: /dev/mem: Operation not permitted\n" });
  });

  it("find by name and type does not follow links", () => {
    const booted = boot();
    expect(booted.command("find /sys/bus/cxl -name 'mem*' -type l").stdout).toBe("/sys/bus/cxl/devices/mem0\n/sys/bus/cxl/drivers/cxl_mem/mem0\n");
    expect(booted.command("find /sys/bus/cxl/devices -name '\\mem[!1-9]'").stdout).toBe("/sys/bus/cxl/devices/mem0\n");
    expect(booted.command("find /sys/devices -name config -type f").stdout).toMatch(/^\/sys\/devices\/pci0000:0c\/0000:0c:00\.0\/0000:0d:00\.0\/config\n\/sys\/devices\/pci0000:0c\/0000:0c:00\.0\/config\n$/);
    expect(booted.command("find /none").stderr).toBe("find: '/none': No such file or directory\n");
    expect(booted.command("find /sys -size 3").stderr).toBe("find: unknown predicate `-size'\n");
  });

  it("ls lists, in lines, long, with titles; what is not there is said", () => {
    const booted = boot();
    expect(booted.command("ls /sys/bus/cxl")).toMatchObject({ exitCode: 0 });
    expect(booted.command("ls -d /sys/bus/cxl").stdout).toBe("/sys/bus/cxl\n");
    expect(booted.command("ls -l /sys/bus/cxl/devices/mem0").stdout).toMatch(/^lrwxrwxrwx .* \/sys\/bus\/cxl\/devices\/mem0 -> \.\.\/\.\.\/\.\.\/devices\/pci0000:0c\/0000:0c:00\.0\/0000:0d:00\.0\/mem0\n$/);
    expect(booted.command("ls /none /dev/kmsg")).toEqual({ exitCode: 2, stdout: "/dev/kmsg\n", stderr: "ls: cannot access '/none': No such file or directory\n" });
  });

  it("tree draws and counts", () => {
    expect(boot().command("tree /sys/bus/cxl/drivers/cxl_mem").stdout).toMatch(/^\/sys\/bus\/cxl\/drivers\/cxl_mem\n\|-- bind\n\|-- mem0 -> \.\.\/.*\n\|-- module -> \.\.\/.*\n\|-- uevent\n`-- unbind\n\n2 directories, 3 files\n$/);
  });

  it("an expression that takes matchers which try every way for ever ends here", () => {
    expect(boot().command(`echo ${"a".repeat(5000)} | grep -Ec '((a*)*)*b'`).stdout).toBe("0\n");
  });

  it("grep -r looks into every file that can be read", () => {
    expect(boot().command("grep -r 0x0c03 /sys/devices/pci0000:0c/0000:0c:00.0").stdout).toBe("/sys/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/device:0x0c03\n");
  });

  it("uname and id", () => {
    expect([boot().command("uname -r").stdout, boot().command("uname").stdout, boot().command("id").stdout]).toEqual(["7.2.0\n", "Linux\n", "uid=0(root) gid=0(root) groups=0(root)\n"]);
  });
});
