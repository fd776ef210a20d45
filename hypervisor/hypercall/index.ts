export {HypercallDoor} from './door.ts';
export type {HypercallHistory} from './hypercall-history.ts';
export {GuestAccess} from './guest-access.ts';
export type {CallingVcpu} from './hypercall.ts';
