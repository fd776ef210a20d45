/** Every command knows it. */
export const HELP_LONG = {help: 'h'} as const;
