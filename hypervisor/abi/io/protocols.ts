/**
 * Values of a frontend's `protocol` node.
 * @see protocols.h
 */

export const XEN_IO_PROTO_ABI_X86_32 = 'x86_32-abi';
export const XEN_IO_PROTO_ABI_X86_64 = 'x86_64-abi';
export const XEN_IO_PROTO_ABI_ARM = 'arm-abi';
export const XEN_IO_PROTO_ABI_NATIVE = {x86_64: 'x86_64-abi', x86_32: 'x86_32-abi'} as const;
