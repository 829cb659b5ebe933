// A machine's worker in a browser that ends by itself at its third message: the first call after the machine was made.

import "./end-at-third-message.ts";
import "../../workers/machine-entry.ts";
