// Lets something happen at once, and then no more often than every so many milliseconds; what came between happens at the end of the wait.

export interface Throttle {
  /** Soon: at once, or when the wait is over. */
  call(): void;
  /** Now, whatever the wait. */
  now(): void;
}

/** `wait`: milliseconds of the reader's time, asked at the beginning of each wait; `isBusy`: what happened last is still under way at the end of it, so that the wait begins anew. */
export function throttled(wait: () => number, work: () => void, isBusy: () => boolean = () => false): Throttle {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOwed = false;
  const begin = (): void => {
    timer = setTimeout(() => {
      timer = undefined;
      if (isBusy()) return begin();
      if (!isOwed) return;
      isOwed = false;
      begin();
      work();
    }, wait());
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
  };
}
