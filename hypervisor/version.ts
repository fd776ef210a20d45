/** The version of Xen whose interfaces the host has, as it tells guests and tools. */
export const XEN_VERSION = {major: 4, minor: 17, extra: '-pvsim'} as const;
