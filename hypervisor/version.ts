/** What this host says it is, to guests and tools alike. */
export const XEN_VERSION = {major: 4, minor: 17, extra: '-pvsim'} as const;
