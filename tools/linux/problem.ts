// What a user can do something about: one message, no stack trace.

/** Something that is missing or wrong, with its remedy. Exit status 2. */
export class RigProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RigProblem";
  }
}
