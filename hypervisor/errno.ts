/**
 * Results of hypervisor operations: a number >= 0 is the value, below 0 it is -errno, as a hypercall returns it.
 * A guest's mistake is such a value, never an exception.
 * @see errno.h of the public headers
 */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EIO = 5;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ERANGE = 34;
export const ENOSYS = 38;
export const ETIME = 62;
/** Never seen by a guest: the call goes on by being made again. @see hypercall.ts */
export const ERESTART = 85;
export const EOPNOTSUPP = 95;

const names = new Map<number, string>(
  Object.entries({
    EPERM,
    ENOENT,
    ESRCH,
    EIO,
    EAGAIN,
    ENOMEM,
    EACCES,
    EFAULT,
    EBUSY,
    EEXIST,
    ENODEV,
    EINVAL,
    ENOSPC,
    ERANGE,
    ENOSYS,
    ETIME,
    EOPNOTSUPP,
  }).map(([name, value]) => [value, name]),
);

/** "EINVAL" for -22 (or 22); "errno N" for one without a name here. */
export const errnoName = (result: number): string => names.get(Math.abs(result)) ?? `errno ${Math.abs(result)}`;
