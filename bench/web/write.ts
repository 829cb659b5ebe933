// A register written by hand: from Enter to its new value in the grid of bits.

import type { Page } from "playwright";
import { freshBrowser, openPage, serve } from "./browser.ts";
import type { Figure } from "./figures.ts";
import { medianOf, quantile } from "./figures.ts";

const rounds = 20;
const [part, structure, register] = ["rp0", "timeoutIsolation", "timeoutIsolation.control"];

/** In the page: until the bits of the open register say this, from when Enter was pressed. */
async function untilBits(wanted: string): Promise<number> {
  const bits = (): string => [...document.querySelectorAll(".registers-bit")].map(({ textContent }) => textContent).join("");
  const value = (): bigint => BigInt(`0b${bits()}`);
  while (value() !== BigInt(wanted)) await new Promise(requestAnimationFrame);
  return performance.now() - window.bench.enteredAt;
}

async function openRegister(page: Page): Promise<void> {
  await page.locator("#tab-registers").click();
  await page.locator(".registers-picker select").first().selectOption(part);
  await page.locator(".registers-picker select").nth(1).selectOption(structure);
  await page.locator(".registers-name", { hasText: register.slice(structure.length + 1) }).first().click();
  await page.getByRole("button", { name: "Write by hand" }).click();
}

async function writeOnce(page: Page, value: string): Promise<number> {
  const field = page.locator(".registers-write input[type=text]");
  await field.fill(value);
  await field.press("Enter");
  return page.evaluate(untilBits, value);
}

export async function measureWrite(): Promise<readonly Figure[]> {
  const served = await serve();
  const opened = await freshBrowser();
  try {
    const { page } = opened;
    await openPage(opened, served.address);
    await openRegister(page);
    const field = page.locator(".registers-write input[type=text]");
    const value = BigInt(await field.inputValue());
    // The bit of the interrupt: nothing else follows from it.
    const other = value ^ (1n << 26n);
    const first = await writeOnce(page, `0x${other.toString(16)}`);
    const took: number[] = [];
    for (let index = 0; index < rounds; index++) took.push(await writeOnce(page, `0x${(index % 2 === 0 ? value : other).toString(16)}`));
    return [
      { name: "a register written by hand: Enter to its bits", value: medianOf(took), unit: "ms", aim: 50, note: `p95 of ${rounds}: ${quantile(took, 0.95).toFixed(1)} ms` },
      { name: "  the first one, for which the ended run is made again", value: first, unit: "ms" },
    ];
  } finally {
    await opened.close();
    served.end();
  }
}
