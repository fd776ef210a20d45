export type {Guest, GuestConsole, GuestDevices, GuestProgram, GuestXenstore} from './api.ts';
export {bootBuiltin, bootProgram, type GuestHandle} from './boot.ts';
export type {KernelOptions} from './kernel.ts';
export type {StopReason} from './shutdown.ts';
