// Changes of a scenario's text for the page: a fault by pointing, a policy by choosing.

import type { EditAnswer, EditQuestion } from "../../scenario/edit.ts";
import { editScenario } from "../../scenario/edit.ts";

// eslint-disable-next-line require-yield
export function* editService(_module: WebAssembly.Module, question: EditQuestion): Generator<undefined, EditAnswer, undefined> {
  return editScenario(question);
}
