export {BackRing} from './back-ring.ts';
export {FrontRing} from './front-ring.ts';
export {SharedRing} from './shared-ring.ts';
export type {RingArea, RingPages} from './shared-ring.ts';
