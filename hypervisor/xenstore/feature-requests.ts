import {atoi, strtoul} from './c-number.ts';
import {ALL_FEATURES, featuresOf} from './features.ts';
import {refuse} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';

/** @see docs/misc/xenstore.txt, GET_FEATURE */

/** `[<domid>\0]`: of a domain, for dom0 only, or one's own. */
export function getFeature({store, connection, strings}: Request): Reply {
  if (strings.length === 0) return `${featuresOf(connection.domain)}\0`;
  if (!connection.privileged) return refuse.EACCES;
  const domId = strings.length === 1 ? strtoul(strings[0]) : undefined;
  if (domId === undefined) return refuse.EINVAL;
  const domain = store.domains.knowExisting(domId);
  return domain === undefined ? refuse.ENOENT : `${featuresOf(domain)}\0`;
}

/** `<domid>\0<features>\0`, before the domain is introduced. */
export function setFeature({store, strings}: Request): Reply {
  const domId = strings.length === 2 ? strtoul(strings[0]) : undefined;
  if (domId === undefined) return refuse.EINVAL;
  const features = atoi(strings[1]);
  const domain = store.domains.knowExisting(domId);
  if (domain === undefined) return refuse.ENOENT;
  if (domain.introduced) return refuse.EBUSY;
  if ((features & ~ALL_FEATURES) !== 0) return refuse.EINVAL;
  domain.features = features;
  store.domains.version++;
  return ACK;
}
