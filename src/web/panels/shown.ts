// Whether a panel is seen. One that is kept behind another tab, or in an area that is folded, asks the run for nothing until it is seen again.

import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** Given by the area that a panel stands in. */
export const Shown = createContext(true);

export const useIsShown = (): boolean => useContext(Shown);
