/**
 * Version of the interface that these tables describe.
 * @see xen-compat.h
 */

export const __XEN_LATEST_INTERFACE_VERSION__ = 0x00040e00;

export const __XEN_INTERFACE_VERSION__ = __XEN_LATEST_INTERFACE_VERSION__;
