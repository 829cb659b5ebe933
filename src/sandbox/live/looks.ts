// What panels can see of a run, by name. A look is a function of a run and a question that gives plain data; it changes nothing and takes no virtual time.

import { firstLooks } from "./looks-first.ts";
import { moreLooks } from "./looks-more.ts";

/** A look is a line in one of the two lists: of the first screen, or of what is fetched when it is wanted. */
export const looks = { ...firstLooks, ...moreLooks } as const;

export type Looks = typeof looks;
export type LookName = keyof Looks;
export type LookQuestion<N extends LookName> = Parameters<Looks[N]>[1];
export type LookAnswer<N extends LookName> = ReturnType<Looks[N]>;
