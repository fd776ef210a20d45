import type {ByteString} from './byte-string.ts';
import {atoi, strtoul} from './c-number.ts';
import type {Domain} from './domains.ts';
import {QUOTA_NAMES, type Quota} from './quota.ts';
import {refuse, Refusal} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';

/** @see docs/misc/xenstore.txt, GET_QUOTA */

const SOFT = 'soft-';

const NAMES = new Map<ByteString, keyof Quota>(
  QUOTA_NAMES.map(({name, key, command}) => [command === 'quota' ? name : `${SOFT}${name}`, key]),
);

/** Nothing: the names; `<quota>\0`: for all domains; `<domid>\0<quota>\0`: for one. */
export function getQuota(request: Request): Reply {
  const {store, strings} = request;
  if (strings.length === 0) return `${[...NAMES.keys()].join(' ')}\0`;
  if (strings.length > 2) return refuse.EINVAL;
  const domain = strings.length === 2 ? named(request) : undefined;
  if (domain instanceof Refusal) return domain;
  const key = NAMES.get(strings.at(-1)!);
  return key === undefined ? refuse.EINVAL : `${written(store.quotaOf(domain)[key])}\0`;
}

/** `[<domid>\0]<quota>\0<value>\0`; 0 is no limit. */
export function setQuota(request: Request): Reply {
  const {store, strings} = request;
  if (strings.length < 2 || strings.length > 3) return refuse.EINVAL;
  const domain = strings.length === 3 ? named(request) : undefined;
  if (domain instanceof Refusal) return domain;
  const [name, text] = strings.slice(-2);
  const key = NAMES.get(name);
  const value = atoi(text);
  if (key === undefined || value < 0) return refuse.EINVAL;
  const change = {[key]: value === 0 ? UNLIMITED : value};
  if (domain === undefined) store.quota = {...store.quota, ...change};
  else domain.quota = {...domain.quota, ...change};
  store.domains.version++;
  return ACK;
}

/** Beyond what anything can count to. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const written = (limit: number): number => (limit === UNLIMITED ? 0 : limit);

function named({store, strings}: Request): Domain | Refusal {
  const domId = strtoul(strings[0]);
  return domId === undefined ? refuse.EINVAL : (store.domains.knowExisting(domId) ?? refuse.ENOENT);
}
