// Completion and help at the cursor, for the editor.

import type { CompletionSource } from "@codemirror/autocomplete";
import type { HoverTooltipSource } from "@codemirror/view";

export function createHints(): { readonly complete: CompletionSource; readonly about: HoverTooltipSource } {
  return { complete: () => null, about: () => null };
}
