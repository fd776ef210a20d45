export {type ConsoleChunk, ConsoleDaemon, type ConsoleDaemonOptions} from './daemon.ts';
export {type ConsoleState, GuestConsole} from './guest-console.ts';
export {type ConsoleLimits, defaultConsoleLimits} from './limits.ts';
export type {ConsoleStats} from './stats.ts';
