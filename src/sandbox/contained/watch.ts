// Looks over a driver's shoulder: which hook it is in, how many services it called, what it logged last; and ends it when it has called too many. Steps are counted
// inside, so that they end a run at the same place each time; wall time and memory are watched from outside (docs/contained-drivers.md).

/** Where a driver is. */
export interface DriverPlace {
  readonly driver: string;
  /** `load`, `start`, a hook's name, or `work NAME`. */
  readonly hook: string;
  readonly device: string | null;
}

/** What is told of a driver while it runs, and what is left to read when it is ended from outside. */
export interface WatchRecord {
  /** Counts the records; two that are equal mean that nothing was entered, left or logged between. */
  readonly sequence: number;
  /** Counts the entries into hooks. */
  readonly entries: number;
  readonly place: DriverPlace | null;
  readonly virtualTimeNs: number;
  readonly services: number;
  readonly lastLog: string | null;
  /** The process lost its channel to the command. */
  readonly isCutOff?: boolean;
}

/** A driver called more services than it may. */
export class DriverStepsError extends Error {
  constructor(limit: number) {
    super(`it called more than ${limit} services (--driver-steps)`);
    this.name = "DriverStepsError";
  }
}

/** Services between two records while nothing else happens. */
const recordEvery = 1024;
/** Services that a driver may call after its end, to put things away; then it is ended by force. */
const grace = 1000;
/** Characters kept of a line that was logged. */
const longestLog = 400;
/** Characters kept of the names in a place. */
const longestName = 100;

interface WatchOptions {
  /** Services and register accesses that a run's drivers may use together. */
  readonly steps: number;
  /** Keeps a record where it survives; called before a hook is entered. */
  readonly publish: (record: WatchRecord) => void;
  /** Ends everything here and now: the driver goes on after its end. */
  readonly giveUp: () => never;
}

/** One for all drivers of a run. */
export class DriverWatch {
  readonly #options: WatchOptions;
  readonly #places: DriverPlace[] = [];
  #now: () => number = () => 0;
  #sequence = 0;
  #entries = 0;
  #services = 0;
  #lastLog: string | null = null;
  #blamed: DriverPlace | null = null;
  #thrown: unknown = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Where virtual time comes from, once there is a machine. */
  readTime(now: () => number): void {
    this.#now = now;
  }

  get isOver(): boolean {
    return this.#services > this.#options.steps;
  }

  /** What came out of a hook last. */
  get thrown(): unknown {
    return this.#thrown;
  }

  /** The place that an error came out of, or the place now. */
  get record(): WatchRecord {
    return { sequence: this.#sequence, entries: this.#entries, place: this.#places.at(-1) ?? this.#blamed, virtualTimeNs: this.#now(), services: this.#services, lastLog: this.#lastLog };
  }

  /** Runs a piece of the driver. What it throws is thrown. @throws DriverStepsError also when the driver caught it */
  inside<T>(place: DriverPlace, work: () => T): T {
    this.#enter(place);
    try {
      const result = work();
      if (this.isOver) throw new DriverStepsError(this.#options.steps);
      return result;
    } catch (thrown) {
      this.#blamed ??= place;
      this.#thrown = thrown;
      throw thrown;
    } finally {
      this.#places.pop();
      this.#tell();
    }
  }

  /** The same for what is over later only: a file that is being imported. */
  async insideLong<T>(place: DriverPlace, work: () => Promise<T>): Promise<T> {
    this.#enter(place);
    try {
      return await work();
    } catch (thrown) {
      this.#blamed = place;
      throw thrown;
    } finally {
      this.#places.pop();
      this.#tell();
    }
  }

  /** Counts a service or a register access. @throws DriverStepsError */
  count(): void {
    this.#services++;
    if (this.#services % recordEvery === 0) this.#tell();
    if (this.#services <= this.#options.steps) return;
    if (this.#services > this.#options.steps + grace) this.#options.giveUp();
    throw new DriverStepsError(this.#options.steps);
  }

  logged(text: string): void {
    this.#lastLog = text.length > longestLog ? `${text.slice(0, longestLog)}...` : text;
    this.#tell();
  }

  #enter({ driver, hook, device }: DriverPlace): void {
    this.#places.push({ driver: driver.slice(0, longestName), hook: hook.slice(0, longestName), device });
    this.#entries++;
    this.#blamed = null;
    this.#tell();
  }

  #tell(): void {
    this.#sequence++;
    this.#options.publish({ sequence: this.#sequence, entries: this.#entries, place: this.#places.at(-1) ?? null, virtualTimeNs: this.#now(), services: this.#services, lastLog: this.#lastLog });
  }
}
