import {DOMID_SELF} from '../ids.ts';
import {atoi} from './c-number.ts';
import type {Domain} from './domains.ts';
import {domainPath} from './path.ts';
import {refuse, Refusal} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';
import type {XsErrno} from './wire.ts';

/** What requests about domains ask of the host. */
export interface DomainControl {
  /** Connects a domain's ring, or connects it anew. */
  introduce(domId: number, gfn: number, port: number): XsErrno | undefined;
  release(domId: number): void;
}

/** @see docs/misc/xenstore.txt, "Domain management and xenstored communications" */

/** `<domid>\0<gfn>\0<port>\0`. */
export function introduce({strings}: Request, control: DomainControl): Reply {
  if (strings.length < 3) return refuse.EINVAL;
  const [domId, gfn, port] = strings.map((text) => atoi(text) >>> 0);
  if (port === 0) return refuse.EINVAL;
  const errno = control.introduce(domId, gfn, port);
  return errno === undefined ? ACK : refuse[errno];
}

export function release(request: Request, control: DomainControl): Reply {
  const domain = introducedDomain(request);
  if (domain instanceof Refusal) return domain;
  control.release(domain.domId);
  return ACK;
}

/** The domain runs again: its next shutdown is told anew. */
export function resume(request: Request): Reply {
  const domain = introducedDomain(request);
  if (domain instanceof Refusal) return domain;
  domain.shutdown = false;
  request.store.domains.version++;
  return ACK;
}

/** `<domid>\0<target>\0`. */
export function setTarget({store, strings}: Request): Reply {
  if (strings.length < 2) return refuse.EINVAL;
  const [domId, targetId] = strings.map((text) => atoi(text) >>> 0);
  const domain = store.domains.findIntroduced(domId);
  if (domain === undefined || store.domains.findIntroduced(targetId) === undefined) return refuse.ENOENT;
  domain.targetId = targetId;
  store.domains.version++;
  return ACK;
}

/** Of any number, and 0 for no number. */
export function getDomainPath({string}: Request): Reply {
  return string === undefined ? refuse.EINVAL : `${domainPath(atoi(string) >>> 0)}\0`;
}

export function isDomainIntroduced({store, string}: Request): Reply {
  if (string === undefined) return refuse.EINVAL;
  const domId = atoi(string) >>> 0;
  return domId === DOMID_SELF || store.domains.findIntroduced(domId) !== undefined ? 'T\0' : 'F\0';
}

/** The domain of a request that takes one domid; dom0 is not for release. */
function introducedDomain({store, string}: Request): Domain | Refusal {
  const domId = string === undefined ? 0 : atoi(string) >>> 0;
  return domId === 0 ? refuse.EINVAL : (store.domains.findIntroduced(domId) ?? refuse.ENOENT);
}
