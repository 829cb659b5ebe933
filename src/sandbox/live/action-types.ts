// What pointing at a part offers, as plain data: the page knows no action by itself.

import type { PointedKind } from "./action-offers.ts";

export interface ActionParameter {
  readonly key: string;
  /** What it means. */
  readonly about: string;
  /** As it would be typed; "": it is left out. */
  readonly value: string;
  readonly isRequired: boolean;
  /** Values that fit; empty: any. `fields`: those of the answer. */
  readonly choices: readonly string[] | "fields";
}

export interface ActionOffer {
  /** To be given back in `ComposeQuestion`. */
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly about: string;
  readonly clause: string;
  readonly parameters: readonly ActionParameter[];
}

export interface ActionsQuestion {
  readonly kind: PointedKind;
  /** Part, or region of the kernel's; of the host "". */
  readonly name: string;
}

export interface ActionsLook {
  readonly offers: readonly ActionOffer[];
  /** Fields of the part's registers by name. */
  readonly fields: readonly string[];
}

export interface ComposeQuestion extends ActionsQuestion {
  readonly id: string;
  /** Texts by key; what is not there or empty is left out. */
  readonly values: Readonly<Record<string, string>>;
}

export type ComposeLook =
  | {
      readonly kind: "action";
      /** As the prompt's `inject` takes it. */
      readonly line: string;
      readonly fault: { readonly when: Readonly<Record<string, unknown>>; readonly do: Readonly<Record<string, unknown>> };
    }
  | { readonly kind: "problems"; readonly problems: readonly string[] };
