// Fields of the PCIe specification that the register model does not declare (they read 0 there), named so that a difference in one of them is a
// difference in a field and not in a dword.

import type { RegisterDeclaration } from "../../registers/schema.ts";

export interface UndeclaredRegister {
  /** Bytes from the start of the structure. */
  readonly offset: number;
  readonly width: RegisterDeclaration["width"];
  readonly fields: Readonly<Record<string, number | readonly [number, number]>>;
}

type Registers = Readonly<Record<string, UndeclaredRegister>>;

const common: Registers = { interruptPin: { offset: 0x3d, width: 8, fields: { value: [7, 0] } } };
const bar = (offset: number): UndeclaredRegister => ({ offset, width: 32, fields: { value: [31, 0] } });

/** By structure name, then register; a register that is declared has its further fields here. */
export const undeclared: Readonly<Record<string, Registers>> = {
  bridgeHeader: {
    ...common,
    ioBase: { offset: 0x1c, width: 8, fields: { value: [7, 0] } },
    ioLimit: { offset: 0x1d, width: 8, fields: { value: [7, 0] } },
    secondaryStatus: { offset: 0x1e, width: 16, fields: { value: [15, 0] } },
    ioBaseHigh: { offset: 0x30, width: 16, fields: { value: [15, 0] } },
    ioLimitHigh: { offset: 0x32, width: 16, fields: { value: [15, 0] } },
  },
  endpointHeader: { ...common, bar2: bar(0x18), bar3: bar(0x1c), bar4: bar(0x20), bar5: bar(0x24) },
  pcie: {
    deviceCapabilities: { offset: 0x04, width: 32, fields: { extendedTag: 5 } },
    linkCapabilities: { offset: 0x0c, width: 32, fields: { aspm: [11, 10] } },
    deviceCapabilities2: { offset: 0x24, width: 32, fields: { ariForwarding: 5, extendedFormat: 20, endToEndPrefix: 21 } },
    deviceControl2: { offset: 0x28, width: 16, fields: { ariForwardingEnable: 5 } },
  },
  msi: { control: { offset: 0x02, width: 16, fields: { perVectorMasking: 8 } } },
  aer: { control: { offset: 0x18, width: 32, fields: { ecrcGenerationCapable: 5, ecrcGenerationEnable: 6, ecrcCheckCapable: 7, ecrcCheckEnable: 8, multipleHeaderCapable: 9, multipleHeaderEnable: 10 } } },
  hdmDecoderPort: { globalControl: { offset: 0x04, width: 32, fields: { decoderEnable: 1 } } },
};
