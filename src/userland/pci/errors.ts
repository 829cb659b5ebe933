// Advanced Error Reporting and Downstream Port Containment as lspci shows them (PCIe 7.8.4, 7.9.14).

import type { Config, Flags } from "./config.ts";
import { bits, has, hex, portTypes, showFlags, u16, u32 } from "./config.ts";

const uncorrectable: readonly [Flags, Flags, Flags] = [
  { DLP: 0x10, SDES: 0x20, TLP: 0x1000, FCP: 0x2000, CmpltTO: 0x4000, CmpltAbrt: 0x8000, UnxCmplt: 0x1_0000, RxOF: 0x2_0000, MalfTLP: 0x4_0000 },
  { ECRC: 0x8_0000, UnsupReq: 0x10_0000, ACSViol: 0x20_0000, UncorrIntErr: 0x40_0000, BlockedTLP: 0x80_0000, AtomicOpBlocked: 0x100_0000, TLPBlockedErr: 0x200_0000 },
  { PoisonTLPBlocked: 0x400_0000, DMWrReqBlocked: 0x800_0000, IDECheck: 0x1000_0000, MisIDETLP: 0x2000_0000, PCRC_CHECK: 0x4000_0000, TLPXlatBlocked: 0x8000_0000 },
];
const correctable: Flags = { RxErr: 1, BadTLP: 0x40, BadDLLP: 0x80, Rollover: 0x100, Timeout: 0x1000, AdvNonFatalErr: 0x2000, CorrIntErr: 0x4000, HeaderOF: 0x8000 };
const controlFlags: readonly [Flags, Flags] = [{ ECRCGenCap: 0x20, ECRCGenEn: 0x40, ECRCChkCap: 0x80, ECRCChkEn: 0x100 }, { MultHdrRecCap: 0x200, MultHdrRecEn: 0x400, TLPPfxPres: 0x800, HdrLogCap: 0x1000 }];

function rootLines(config: Config, where: number): string[] {
  const [command, status] = [u32(config, where + 0x2c), u32(config, where + 0x30)];
  return [
    `\t\tRootCmd: ${showFlags(command, { CERptEn: 1, NFERptEn: 2, FERptEn: 4 })}`,
    `\t\tRootSta: ${showFlags(status, { CERcvd: 1, MultCERcvd: 2, UERcvd: 4, MultUERcvd: 8 })}`,
    `\t\t\t ${showFlags(status, { FirstFatal: 0x10, NonFatalMsg: 0x20, FatalMsg: 0x40 })} IntMsgNum ${bits(status, 31, 27)}`,
    `\t\tErrorSrc: ERR_COR: ${hex(u16(config, where + 0x34), 4)} ERR_FATAL/NONFATAL: ${hex(u16(config, where + 0x36), 4)}`,
  ];
}

/** `type`: of the port, from the PCIe capability. */
export function errorReportingLines(config: Config, where: number, verbosity: number, type: number): string[] {
  const lines = ["Advanced Error Reporting"];
  if (verbosity < 2 || !has(config, where + 4, 40)) return lines;
  const word = (at: number): number => u32(config, where + at);
  for (const [name, at] of [["UESta", 0x04], ["UEMsk", 0x08], ["UESvrt", 0x0c]] as const) lines.push(`\t\t${name}:\t${showFlags(word(at), uncorrectable[0])}`, `\t\t\t${showFlags(word(at), uncorrectable[1])}`, `\t\t\t${showFlags(word(at), uncorrectable[2])}`);
  lines.push(`\t\tCESta:\t${showFlags(word(0x10), correctable)}`, `\t\tCEMsk:\t${showFlags(word(0x14), correctable)}`);
  lines.push(`\t\tAERCap:\tFirst Error Pointer: ${hex(bits(word(0x18), 4, 0), 2)}, ${showFlags(word(0x18), controlFlags[0])}`, `\t\t\t${showFlags(word(0x18), controlFlags[1])}`);
  lines.push(`\t\tHeaderLog: ${[0x1c, 0x20, 0x24, 0x28].map((at) => hex(word(at), 8)).join(" ")}`);
  const isRoot = type === portTypes.rootPort || type === portTypes.eventCollector;
  return isRoot && has(config, where + 0x2c, 12) ? [...lines, ...rootLines(config, where)] : lines;
}

export function containmentLines(config: Config, where: number, verbosity: number): string[] {
  const lines = ["Downstream Port Containment"];
  if (verbosity < 2 || !has(config, where + 4, 8)) return lines;
  const [can, control, status] = [u16(config, where + 4), u16(config, where + 6), u16(config, where + 8)];
  return [
    ...lines,
    `\t\tDpcCap:\tIntMsgNum ${bits(can, 4, 0)}, ${showFlags(can, { RPExt: 0x20, PoisonedTLP: 0x40, SwTrigger: 0x80 })} RP PIO Log ${bits(can, 11, 8)}, ${showFlags(can, { DL_ActiveErr: 0x1000 })}`,
    `\t\tDpcCtl:\tTrigger:${bits(control, 1, 0)} ${showFlags(control, { Cmpl: 4, INT: 8, ErrCor: 0x10, PoisonedTLP: 0x20, SwTrigger: 0x40, DL_ActiveErr: 0x80 })}`,
    `\t\tDpcSta:\t${showFlags(status, { Trigger: 1 })} Reason:${hex(bits(status, 2, 1), 2)} ${showFlags(status, { INT: 8, RPBusy: 0x10 })} TriggerExt:${hex(bits(status, 6, 5), 2)} RP PIO ErrPtr:${hex(bits(status, 12, 8), 2)}`,
    `\t\tSource:\t${hex(u16(config, where + 10), 4)}`,
  ];
}
