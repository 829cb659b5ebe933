// `lspci` and `setpci` on an exported tree: every function in every form, line by line.

/** What needs files of this machine, not of the tree. */
const modulesLine = /^\tKernel modules: .*\n/gm;
const modulesComplaint = /^lspci: Unable to load libkmod resources: .*\n/gm;

/** @param {string} real @param {string} own */
function firstDifference(real, own) {
  const [theirs, ours] = [real.split("\n"), own.split("\n")];
  const index = theirs.findIndex((line, at) => line !== ours[at]);
  const at = index < 0 ? theirs.length : index;
  return `line ${at + 1}: real ${JSON.stringify(theirs[at] ?? "")}, ours ${JSON.stringify(ours[at] ?? "")}`;
}

/** setpci takes functions in the order of the folder, which is no kernel's here. @param {string} text */
const inOrder = (text) => text.split("\n").toSorted().join("\n");

/** @param {string} program @returns {import("./main.mjs").Part["compare"]} */
const comparing = (program) => (machine, argv, said) => {
  const own = machine.own([program, ...argv]);
  const real = said.stdout.replace(modulesLine, "");
  const complaint = said.stderr.replace(modulesComplaint, "");
  const found = [];
  const isSame = program === "setpci" ? inOrder(real) === inOrder(own.stdout) : real === own.stdout;
  if (!isSame) found.push(firstDifference(real, own.stdout));
  if (complaint !== own.stderr) found.push(`standard error: real ${JSON.stringify(complaint)}, ours ${JSON.stringify(own.stderr)}`);
  if (said.status !== 0) found.push(`exit status ${said.status}`);
  return { differences: found, leftOut: real === said.stdout ? [] : ["Kernel modules"], isSameText: found.length === 0 };
};

/** @type {import("./main.mjs").Part} */
export const lspciPart = { name: "lspci", program: "lspci", commands: [["-vvv"], ["-v"], ["-nnk"], ["-tv"], ["-xxxx"]], compare: comparing("lspci") };

/** @type {import("./main.mjs").Part} */
export const setpciPart = { name: "setpci", program: "setpci", commands: [["-v", "-d", "1e98:", "COMMAND", "STATUS", "CLASS_DEVICE", "10.L", "140.B"]], compare: comparing("setpci") };
