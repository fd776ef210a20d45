/** Branded integers of the Xen ABI, so that a grant reference is never passed where a port is due. */
declare const brand: unique symbol;
type Branded<Name extends string> = number & {readonly [brand]: Name};

/** domid_t, 0..0x7fef for real domains. */
export type DomId = Branded<'DomId'>;
/** grant_ref_t: index into the granter's grant table. */
export type GrantRef = Branded<'GrantRef'>;
/** grant_handle_t: index into the mapper's maptrack. */
export type GrantHandle = Branded<'GrantHandle'>;
/** evtchn_port_t: event channel port of one domain, 1 and up; 0 is never valid. */
export type EvtchnPort = Branded<'EvtchnPort'>;
/** Guest frame number: a 4 KiB page of one domain. */
export type Gfn = Branded<'Gfn'>;

/** The control domain. */
export const DOM0 = 0 as DomId;
/** @see xen.h, DOMID_SELF and neighbours. */
export const DOMID_SELF = 0x7ff0 as DomId;
export const DOMID_FIRST_RESERVED = 0x7ff0;
