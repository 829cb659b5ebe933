// "did you mean" for scenario files: the words are src/sim's.

export { suggestion } from "../sim/suggest.ts";
