// Lets something happen at once, and then no more often than every so many milliseconds; what came between happens at the end of the wait.

export interface Throttle {
  /** Soon: at once, or when the wait is over. */
  call(): void;
  /** Now, whatever the wait. */
  now(): void;
  /** Nothing more will happen. */
  stop(): void;
}

/** `wait`: milliseconds of the reader's time. */
export function throttled(wait: number, work: () => void): Throttle {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOwed = false;
  const begin = (): void => {
    isOwed = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (isOwed) {
        begin();
        work();
      }
    }, wait);
  };
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
    isOwed = false;
  };
  return {
    call: () => {
      if (timer !== undefined) {
        isOwed = true;
        return;
      }
      begin();
      work();
    },
    now: () => {
      stop();
      work();
    },
    stop,
  };
}
