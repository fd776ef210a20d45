import type {ByteString} from './byte-string.ts';
import {strtoul} from './c-number.ts';

/** Rights as bits. The owner's right is to change permissions. */
export const READ = 1;
export const WRITE = 2;
export const OWNER = 4;
export const ALL_RIGHTS = READ | WRITE | OWNER;

const LETTERS = ['n', 'r', 'w', 'b'] as const;

export interface Permission {
  readonly domId: number;
  /** READ and WRITE bits. */
  readonly rights: number;
  /** The domain did not exist when this was given, or has gone since: shown, but without effect. */
  readonly ignored: boolean;
}

/** First the owner, with the rights of all that are not named; then domains by name. Immutable, shared among nodes. */
export type Permissions = readonly [Permission, ...Permission[]];

/** As a new store and the special watches have it: dom0 owns, nobody else may. */
export const DOM0_ONLY: Permissions = [{domId: 0, rights: 0, ignored: false}];

/** Whose rights are asked. */
export interface Principal {
  /** dom0 and whoever comes through its socket. */
  readonly privileged: boolean;
  readonly domId: number;
  /** A domain whose rights this one has too. @see docs/misc/xenstore.txt, SET_TARGET */
  readonly targetId: number | undefined;
}

/** `<letter><domid>`, the number in C notation. */
function parsePermission(text: ByteString): Permission | undefined {
  const rights = LETTERS.indexOf(text.charAt(0) as (typeof LETTERS)[number]);
  const domId = strtoul(text.slice(1));
  return rights < 0 || domId === undefined ? undefined : {domId, rights, ignored: false};
}

export function parsePermissions(texts: readonly ByteString[]): Permissions | undefined {
  const perms = texts.map(parsePermission);
  return perms.length === 0 || perms.includes(undefined) ? undefined : (perms as unknown as Permissions);
}

/** `n0\0r5\0`; the daemon prints domids as signed numbers. */
export const formatPermissions = (perms: Permissions): ByteString =>
  perms.map(({rights, domId}) => `${LETTERS[rights]}${domId | 0}\0`).join('');

/** Whether a domain existed already when a record of that generation was written. */
export type IsSince = (domId: number, generation: number) => boolean;

/** The rights that permissions written at `generation` give to `who`. */
export function rightsOf(perms: Permissions, generation: number, who: Principal, isSince: IsSince): number {
  if (who.privileged || owns(perms, who)) return ALL_RIGHTS;
  for (let i = 1; i < perms.length; i++) {
    const {domId, ignored, rights} = perms[i];
    const named = domId === who.domId || domId === who.targetId || isAnyone(perms[i]);
    if (named && !ignored && (isAnyone(perms[i]) || isSince(domId, generation))) return rights;
  }
  return perms[0].rights;
}

/**
 * Not a domain's number but all of them. A profile that does not know it marks such entries as ignored.
 * @see xen.h, DOMID_ANY
 */
const DOMID_ANY = 0x7ff5;
export const isAnyone = ({domId}: Permission): boolean => domId === DOMID_ANY;

const owns = ([owner]: Permissions, who: Principal): boolean =>
  owner.domId === who.domId || owner.domId === who.targetId;

/**
 * What permissions written at `generation` become when their record is written anew: a later generation must not bring
 * back those of a domain that has gone, for its number may be another domain's by now.
 */
export function settlePermissions(perms: Permissions, generation: number, isSince: IsSince): Permissions {
  const lost = (perm: Permission, index: number): boolean =>
    index > 0 && !perm.ignored && !isAnyone(perm) && !isSince(perm.domId, generation);
  if (perms.length === 1 || !perms.some(lost)) return perms;
  return perms.map((perm, i) => (lost(perm, i) ? {...perm, ignored: true} : perm)) as unknown as Permissions;
}

/** The same permissions with another owner; the owner's letter, everyone's default, stays. */
export function withOwner(perms: Permissions, domId: number): Permissions {
  const [owner, ...others] = perms;
  return owner.domId === domId ? perms : [{...owner, domId}, ...others];
}
