// What may wait, for a driver that cannot: a request runs as a task of its own, and its end is told with `cxl_completed`.

import type { DriverServices } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import type { RequestName } from "./abi.ts";
import { requests } from "./abi.ts";
import { callExport, hasExport } from "./bind.ts";
import { Refusal } from "./errors.ts";
import { regionsAt } from "./imports-recovery.ts";
import type { DriverState } from "./state.ts";
import { addObject, deviceOf, noDevice, objectOf, servicesOf } from "./state.ts";

const maximumRequests = 256;
/** 2^53 ns. */
const longestSleep = BigInt(Number.MAX_SAFE_INTEGER);

type Work = () => Task<bigint>;
type Parameters = readonly [bigint, bigint, bigint];
/** Looks at the parameters at once; what it gives waits. @throws Refusal */
type Prepare = (state: DriverState, services: DriverServices, parameters: Parameters) => Work;

/** Object numbers, function numbers and pointers travel as u64. */
const small = (value: bigint): number => Number(BigInt.asUintN(32, value));

function spanOf(value: bigint): number {
  if (value > longestSleep) throw new Refusal("EINVAL", `a span of ${value} ns; it has 2^53 at most`);
  return Number(value);
}

/** A task without a result. */
const plain = (start: () => Task<unknown>): Work => function* () {
  yield* start();
  return 0n;
};
const truth = (start: () => Task<boolean>): Work => function* () {
  return BigInt(yield* start());
};

const preparations: Readonly<Record<RequestName, Prepare>> = {
  sleep: (_state, services, [span]) => {
    const nanoseconds = spanOf(span);
    return plain(() => services.sleep(nanoseconds));
  },
  work: () => function* () {
    return 0n;
  },
  linkWait: (state, services, [id, isUp, span]) => {
    const port = deviceOf(state, small(id));
    const timeout = spanOf(span);
    return truth(() => services.link.wait(port, isUp !== 0n, timeout));
  },
  removeBelow: (state, services, [id]) => {
    const port = deviceOf(state, small(id));
    return plain(() => services.slot.removeBelow(port));
  },
  rescan: (state, services, [id]) => {
    const port = deviceOf(state, small(id));
    return function* () {
      return BigInt(yield* services.slot.rescan(port));
    };
  },
  fence: (state, services, [pointer, count]) => {
    const regions = regionsAt(state, small(pointer), small(count));
    return plain(() => services.cxl.fence(regions));
  },
  waitForPins: (state, services, [pointer, count]) => {
    const regions = regionsAt(state, small(pointer), small(count));
    return plain(() => services.cxl.waitForPins(regions));
  },
  unbind: (state, services, [number]) => {
    const { region } = objectOf(state, small(number), "region");
    return plain(() => services.cxl.unbind(region));
  },
  release: (state, services, [number, planNumber, id]) => {
    const { region } = objectOf(state, small(number), "region");
    const { plan } = objectOf(state, small(planNumber), "plan");
    const port = deviceOf(state, small(id));
    return plain(() => services.cxl.release(region, plan, port));
  },
  recreate: (state, services, [number]) => {
    const { plan } = objectOf(state, small(number), "plan");
    return function* () {
      const made = yield* services.cxl.recreate(plan);
      return BigInt(addObject(state, { kind: "region", device: noDevice, ...made }));
    };
  },
  clear: (_state, services, [start, size]) => truth(() => services.cxl.clear(start, size)),
  activate: (state, services, [number]) => {
    const { region } = objectOf(state, small(number), "region");
    return plain(() => services.cxl.activate(region));
  },
  restoreDax: (state, services, [number, planNumber]) => {
    const { region } = objectOf(state, small(number), "region");
    const { plan } = objectOf(state, small(planNumber), "plan");
    return plain(() => services.cxl.restoreDax(region, plan));
  },
};

/** The request's number. @throws Refusal */
export function startRequest(state: DriverState, operation: number, parameters: Parameters): number {
  const services = servicesOf(state);
  const name = (Object.keys(requests) as RequestName[]).find((one) => requests[one].number === operation);
  if (name === undefined) throw new Refusal("EINVAL", `there is no operation ${operation}; use CXL_REQUEST_* of cxl_sandbox.h`);
  if (!hasExport(state, "cxl_completed")) throw new Refusal("EOPNOTSUPP", "the driver exports no cxl_completed, so that nobody would hear of the result");
  if (state.openRequests >= maximumRequests) throw new Refusal("EAGAIN", `${maximumRequests} requests are open`);
  const work = preparations[name](state, services, parameters);
  const number = state.nextRequest++;
  state.openRequests++;
  services.schedule(`${state.name}:${name}`, () => complete(state, services, number, work));
  return number;
}

function* complete(state: DriverState, services: DriverServices, number: number, work: Work): Task<void> {
  let result: bigint;
  try {
    result = yield* work();
    state.errorText = "";
  } catch (thrown) {
    const error = services.errorOf(thrown);
    if (error === undefined) throw thrown;
    result = -BigInt(error.number);
    state.errorText = error.message;
  }
  state.openRequests--;
  callExport(state, "cxl_completed", null, number, result);
}
