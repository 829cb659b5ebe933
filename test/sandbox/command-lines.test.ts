// Command lines over the tree of a booted machine: pipes, redirections, lists, patterns, folders.

import { beforeAll, describe, expect, it } from "vitest";
import type { Seat } from "../support/session.ts";
import { sit, twoCards } from "../support/session.ts";

let seat: Seat;
beforeAll(() => {
  seat = sit(twoCards());
});

const out = (line: string): string => seat.type(line).out;
const all = (line: string): readonly [string, string, number] => {
  const { out: said, err, status } = seat.type(line);
  return [said, err, status];
};
const devices = "/sys/bus/cxl/devices";

describe("lists and exit codes", () => {
  it("; runs on, && after success, || after failure, and $? is the code of the last command that ran", () => {
    expect(out("false; echo $?; true; echo $?")).toBe("1\n0\n");
    expect(out("true && echo a || echo b; false && echo c || echo d")).toBe("a\nd\n");
    expect(all("nothing here; echo $?")).toEqual(["127\n", "nothing: command not found\n", 0]);
    expect(out("false && echo no; echo $?")).toBe("1\n");
    expect([out("cat /nothing"), out("echo $?")]).toEqual(["", "1\n"]);
  });

  it("a line that is wrong runs nothing at all, and says what is wrong: 2", () => {
    expect(all("echo a; echo 'b")).toEqual(["", "sh: a quote ' without its end\n", 2]);
    expect(all("sh -c 'echo a; echo (b'")).toEqual(["", expect.stringContaining("sh: a shell in the shell"), 2]);
  });
});

describe("pipes and redirections", () => {
  it("what is printed goes into the next command; errors go past it unless 2>&1", () => {
    expect(out("echo a b | cat | cat")).toBe("a b\n");
    expect(all("cat /nothing | cat")).toEqual(["", "cat: /nothing: No such file or directory\n", 0]);
    expect(all("cat /nothing 2>&1 | cat")).toEqual(["cat: /nothing: No such file or directory\n", "", 0]);
    expect(all("cat /nothing 2>/dev/null")).toEqual(["", "", 1]);
    expect(all("echo a >&2")).toEqual(["", "a\n", 0]);
  });

  it("order counts: > FILE 2>&1 hides both, 2>&1 > FILE shows errors as output", () => {
    expect(all("cat /nothing /dev/null > /dev/null 2>&1")).toEqual(["", "", 1]);
    expect(all("cat /nothing 2>&1 > /dev/null")).toEqual(["cat: /nothing: No such file or directory\n", "", 1]);
  });

  it("everything that a command prints into a file is one store", () => {
    const { kernel } = seat.session.run.system;
    const zones = `${devices}/decoder0.0/create_ram_region`;
    const name = out(`cat ${zones}`).trim();
    expect(all(`cat ${zones} | cat > ${zones}`)).toEqual(["", "", 0]);
    expect(out(`ls ${devices}`).split("\n")).toContain(name);
    expect(all(`echo ${name} > ${devices}/decoder0.0/delete_region`)).toEqual(["", "", 0]);
    expect(kernel.panic).toBeNull();
  });

  it("a store that fails is said in the name of who wrote; a file that is not there is found out before the command runs", () => {
    expect(all(`echo region77 > ${devices}/decoder0.0/create_ram_region`)).toEqual(["", "echo: write error: Device or resource busy\n", 1]);
    expect(all(`echo x | cat > ${devices}/mem0/serial`)).toEqual(["", "cat: write error: Permission denied\n", 1]);
    expect(all(`echo region77 > ${devices}/decoder0.0/create_ram_region 2>/dev/null`)).toEqual(["", "", 1]);
    expect(all("cxl disable-memdev -f mem0 > /nothing/x")).toEqual(["", "sh: /nothing/x: No such file or directory\n", 1]);
    expect(out("cxl list -M -m mem0")).toContain('"memdev":"mem0"');
    expect(all("cat < /nothing")).toEqual(["", "sh: /nothing: No such file or directory\n", 1]);
    expect(all("echo a > /sys")).toEqual(["", "echo: write error: Is a directory\n", 1]);
  });

  it("a file of /tmp is made, replaced and added to", () => {
    expect(out("echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f; echo c > /tmp/f; cat < /tmp/f")).toBe("a\nb\nc\n");
    expect(out("> /tmp/f; cat /tmp/f; ls /tmp")).toBe("f\n");
    expect(all("echo a > /tmp/no/f")).toEqual(["", "sh: /tmp/no/f: No such file or directory\n", 1]);
  });
});

describe("patterns and folders", () => {
  it("a pattern becomes the paths that fit, in order; one that fits nothing stays, and so does a quoted one", () => {
    expect(out(`echo ${devices}/mem*`)).toBe(`${devices}/mem0 ${devices}/mem1\n`);
    expect(out(`echo ${devices}/*/serial`)).toBe(`${devices}/mem0/serial ${devices}/mem1/serial\n`);
    expect(out(`echo ${devices}/mem? ${devices}/mem[1-9] ${devices}/[!a-lo-z]em0`)).toBe(`${devices}/mem0 ${devices}/mem1 ${devices}/mem1 ${devices}/mem0\n`);
    expect(out(`echo ${devices}/none* '${devices}/mem*' ${devices}/mem\\* [`)).toBe(`${devices}/none* ${devices}/mem* ${devices}/mem* [\n`);
  });

  it("a pattern through links that go round is bounded", () => {
    expect(all(`echo ${"/sys/*/*/*/*/*/*/*/*/*/*/*"}`)[1]).toContain("more than 50000 names to look at; name more of the path");
  });

  it("cd moves, relative paths and patterns begin there, .. and links lead on; in a pipe it moves nothing", () => {
    const mem0 = "/sys/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0";
    expect(out(`cd ${devices}; pwd; cat mem0/serial; echo mem*; cd mem0; pwd; echo ../mem*; cat ../mem0/serial; cd /`)).toBe(`${devices}\n0x1\nmem0 mem1\n${mem0}\n../mem0\n0x1\n`);
    expect(out(`cd ${devices} | cat; pwd; sh -c 'cd /sys; pwd'; pwd`)).toBe("/\n/sys\n/\n");
    expect(all("cd /nothing")).toEqual(["", "sh: cd: /nothing: No such file or directory\n", 1]);
    expect(all(`cd ${devices}/mem0/serial`)).toEqual(["", `sh: cd: ${devices}/mem0/serial: Not a directory\n`, 1]);
  });
});

describe("references", () => {
  it("mean what is there when their command runs", () => {
    expect(out("echo ${mem:rp0} \"${mem:rp1}\" '${mem:rp0}' ${pci:rp1}")).toBe("mem0 mem1 ${mem:rp0} 0000:0e:00.0\n");
    expect(all("echo ${mem:rp9}; echo $?")).toEqual(["1\n", 'sh: ${mem:rp9}: the machine has no port "rp9"\n', 0]);
    expect(all("echo ${dax:region0}")[1]).toContain("region0 has 0 dax devices");
  });
});
