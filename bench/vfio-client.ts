// A vfio-user client in a process of its own, which the benchmark of the server starts: node vfio-client.js SOCKET COUNT OFFSET. Agrees on a version, opens memory,
// reads four bytes of BAR 0 COUNT times, each when the one before is answered, and prints nanoseconds a round trip takes.

import { connect } from "node:net";
import { commandMessage, commands, headerSize, payloadOf, setAccess, sizes } from "../src/vfio-user/wire.ts";

const [path = "", countText = "", offsetText = ""] = process.argv.slice(2);
const count = Number(countText);
const configRegion = 7;
const commandRegister = 4;
const memoryAndMaster = 6;

const read = commandMessage(1, commands.regionRead, sizes.access);
setAccess(payloadOf(read), { region: 0, offset: BigInt(offsetText), count: 4 });
const write = commandMessage(1, commands.regionWrite, sizes.access + 2);
setAccess(payloadOf(write), { region: configRegion, offset: BigInt(commandRegister), count: 2 });
write[headerSize + sizes.access] = memoryAndMaster;

const socket = connect(path);
socket.write(commandMessage(0, commands.version, sizes.version));
let answers = 0;
let started = 0n;
socket.on("data", () => {
  // One question, one short answer: it comes whole.
  answers++;
  if (answers === 1) socket.write(write);
  else if (answers < count + 2) {
    if (answers === 2) started = process.hrtime.bigint();
    socket.write(read);
  } else {
    console.log(Number(process.hrtime.bigint() - started) / count);
    socket.end();
  }
});
