// What was captured of one host, read; and where what was found goes.

import type { Cedt } from "../../kernel/acpi/cedt.ts";
import { readCedtCapture } from "./cedt-capture.ts";
import type { CxlCapture } from "./cxl-capture.ts";
import { readCxlCapture } from "./cxl-capture.ts";
import type { Findings } from "./findings.ts";
import type { IomemCapture } from "./iomem-capture.ts";
import { readIomemCapture } from "./iomem-capture.ts";
import type { LspciCapture } from "./lspci-capture.ts";
import { readLspciCapture } from "./lspci-capture.ts";

/** A capture file with its content. */
export interface CaptureText {
  readonly file: string;
  readonly text: string;
}

export interface CaptureFiles {
  readonly cxlList: CaptureText;
  /** The table, or a text of it. */
  readonly cedt?: { readonly file: string; readonly bytes: Uint8Array };
  readonly iomem?: CaptureText;
  readonly lspci?: CaptureText;
}

export interface Sources {
  readonly cxl: CxlCapture;
  readonly cedt: Cedt | undefined;
  readonly iomem: IomemCapture | undefined;
  readonly lspci: LspciCapture | undefined;
  readonly findings: Findings;
}

/** @throws CaptureFileError */
export function readSources({ cxlList, cedt, iomem, lspci }: CaptureFiles, findings: Findings): Sources {
  return {
    cxl: readCxlCapture(cxlList.file, cxlList.text),
    cedt: cedt === undefined ? undefined : readCedtCapture(cedt.file, cedt.bytes),
    iomem: iomem === undefined ? undefined : readIomemCapture(iomem.file, iomem.text),
    lspci: lspci === undefined ? undefined : readLspciCapture(lspci.file, lspci.text),
    findings,
  };
}
