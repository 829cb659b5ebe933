// The browser that tests of pages use: named in CXL_SANDBOX_CHROMIUM, or Debian's.

import { existsSync } from "node:fs";
import { chromium } from "playwright";
import type { Browser } from "playwright";

const path = [process.env["CXL_SANDBOX_CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((one) => one !== "" && existsSync(one));
export const hasChromium = path !== undefined;
if (!hasChromium) console.warn("tests of pages left out: no Chromium found (install Debian's `chromium` or set CXL_SANDBOX_CHROMIUM)");

export const launchChromium = (): Promise<Browser> => chromium.launch({ ...(path === undefined ? {} : { executablePath: path }), args: ["--no-sandbox", "--disable-gpu"] });
