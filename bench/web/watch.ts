// What runs in the measured page before its own script: when the worker was made, what it was asked and when it answered; also asks it itself. The page is the built one, unchanged.

/** A call of the worker. Milliseconds since the navigation began; `to` is -1 while there is no answer. */
export interface Call {
  readonly id: string;
  /** As `go`, `look machine`. */
  readonly name: string;
  readonly from: number;
  to: number;
}

export interface Watch {
  readonly calls: Call[];
  /** When the page's script asked for its worker; -1: not yet. */
  madeAt: number;
  /** When a file was chosen; -1: none was. */
  chosenAt: number;
  /** When Enter was pressed. */
  enteredAt: number;
  /** Milliseconds spent in frames' callbacks since it was last set to 0. */
  inFrames: number;
  /** Asks the worker by hand; gives milliseconds and the answer. */
  ask(path: string, values: readonly unknown[]): Promise<{ readonly took: number; readonly answer: unknown }>;
}

declare global {
  interface Window {
    bench: Watch;
  }
}

/** Installed in the page; it stands alone. */
export function watch(): void {
  interface Message {
    readonly id?: string;
    readonly type?: string;
    readonly path?: readonly string[];
    readonly value?: unknown;
    readonly argumentList?: readonly { readonly value?: unknown }[];
  }
  const RealWorker = globalThis.Worker;
  const realFrame = globalThis.requestAnimationFrame.bind(globalThis);
  let worker: Worker | null = null;
  let asked = 0;
  const bench: Watch = {
    calls: [], madeAt: -1, chosenAt: -1, enteredAt: -1, inFrames: 0,
    ask: (path, values) => new Promise((resolve) => {
      const id = `bench ${asked++}`;
      const from = performance.now();
      const hear = (event: MessageEvent<Message>): void => {
        if (event.data.id !== id) return;
        worker?.removeEventListener("message", hear);
        resolve({ took: performance.now() - from, answer: event.data.value });
      };
      worker?.addEventListener("message", hear);
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- A worker has none.
      worker?.postMessage({ id, type: "APPLY", path: path.split("."), argumentList: values.map((value) => ({ type: "RAW", value })) });
    }),
  };
  window.bench = bench;
  const nameOf = ({ path, argumentList }: Message): string => {
    const first = argumentList?.[0]?.value;
    return [path?.join(".") ?? "", ...(typeof first === "string" ? [first] : [])].join(" ");
  };
  window.Worker = new Proxy(RealWorker, {
    construct: (made, values) => {
      const one = Reflect.construct(made, values) as Worker;
      worker = one;
      bench.madeAt = performance.now();
      one.addEventListener("message", ({ data }: MessageEvent<Message>) => {
        const call = bench.calls.find(({ id, to }) => id === data.id && to < 0);
        if (call !== undefined) call.to = performance.now();
      });
      const post = one.postMessage.bind(one) as (...values: unknown[]) => void;
      one.postMessage = (...posted: unknown[]): void => {
        const message = posted[0] as Message;
        if (message.type === "APPLY" && message.id !== undefined) bench.calls.push({ id: message.id, name: nameOf(message), from: performance.now(), to: -1 });
        post(...posted);
      };
      return one;
    },
  });
  globalThis.requestAnimationFrame = (work) => realFrame((at) => {
    const from = performance.now();
    work(at);
    bench.inFrames += performance.now() - from;
  });
  addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === "file") bench.chosenAt = performance.now();
  }, true);
  addEventListener("keydown", ({ key }) => {
    if (key === "Enter") bench.enteredAt = performance.now();
  }, true);
}
