import type {Domain} from './domains.ts';
import type {Store} from './store.ts';

/** What a daemon offers its clients. @see docs/misc/xenstore-ring.txt, "Server feature bitmap" */
const SERVER_FEATURE_ERROR = 2;
export const SERVER_FEATURE_WATCH_DEPTH = 4;
const SERVER_FEATURE_DOMID_ANY = 8;
/** What the profile `current` has. Reconnection is not among it. */
export const ALL_FEATURES = SERVER_FEATURE_ERROR | SERVER_FEATURE_WATCH_DEPTH | SERVER_FEATURE_DOMID_ANY;

/** A client without a domain is offered all. */
export const featuresOf = (domain: Domain | undefined): number => domain?.features ?? ALL_FEATURES;

/** The profile c-4.17 offers nothing. */
export const offers = ({profile}: Store, domain: Domain | undefined, feature: number): boolean =>
  profile === 'current' && (featuresOf(domain) & feature) !== 0;
