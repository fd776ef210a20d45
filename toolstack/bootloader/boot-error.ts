/** What a bootloader finds wrong with a disk or with its arguments, in words for a person. */
export class BootError extends Error {}
