export {HypercallDoor} from './door.ts';
export {GuestAccess} from './guest-access.ts';
export type {CallingVcpu} from './hypercall.ts';
