// Error numbers as the kernel's ABI names them, with the C library's texts that tools print.

export const errnoTable = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  EINTR: [4, "Interrupted system call"],
  EIO: [5, "Input/output error"],
  ENXIO: [6, "No such device or address"],
  E2BIG: [7, "Argument list too long"],
  EBADF: [9, "Bad file descriptor"],
  EAGAIN: [11, "Resource temporarily unavailable"],
  ENOMEM: [12, "Cannot allocate memory"],
  EACCES: [13, "Permission denied"],
  EFAULT: [14, "Bad address"],
  EBUSY: [16, "Device or resource busy"],
  EEXIST: [17, "File exists"],
  ENODEV: [19, "No such device"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  ENOTTY: [25, "Inappropriate ioctl for device"],
  ENOSPC: [28, "No space left on device"],
  ERANGE: [34, "Numerical result out of range"],
  EOPNOTSUPP: [95, "Operation not supported"],
  ETIMEDOUT: [110, "Connection timed out"],
  EHWPOISON: [133, "Memory page has hardware error"],
  EPROBE_DEFER: [517, "Probe deferred"],
} as const satisfies Record<string, readonly [number, string]>;

export type Errno = keyof typeof errnoTable;

/** A kernel operation that failed with an error number. `message` says what failed, for logs and tests. */
export class SystemError extends Error {
  readonly errno: Errno;
  constructor(errno: Errno, message: string = errnoTable[errno][1]) {
    super(message);
    this.name = "SystemError";
    this.errno = errno;
  }
  /** Positive number, as in `errno.h`. */
  get number(): number {
    return errnoTable[this.errno][0];
  }
}

export const errnoText = (errno: Errno): string => errnoTable[errno][1];
