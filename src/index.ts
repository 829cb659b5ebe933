// The package's front: the library in this thread (src/sandbox.ts) and the same in a worker (workers). Loads in Node and in browsers.

// For `using` and `await using`, in projects whose `lib` is older.
/// <reference lib="esnext.disposable" preserve="true" />

export * from "./sandbox.ts";
export { createMachineWorker } from "../workers/machine-worker.ts";
export { runScenario } from "../workers/run-scenario.ts";
export type { RunScenarioOptions, ScenarioText } from "../workers/run-scenario.ts";
export type { FinishedRun } from "../workers/slices.ts";
export { WorkerDiedError } from "../workers/lifeline.ts";
export type { AnyWorker } from "../workers/lifeline.ts";
export type { CallOptions, MachineWorker, MachineWorkerOptions, RecordedCall, Remote, RemoteFault, RemoteInterrupts, RemoteIoHandle, RemoteKernel, RemoteKernelOptions, RemoteMachine, RemoteParts, RemoteSnapshot, RunCondition } from "../workers/machine-contract.ts";
