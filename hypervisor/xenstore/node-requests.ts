import type {ByteString} from './byte-string.ts';
import {atoi} from './c-number.ts';
import {listingOf} from './listing.ts';
import {isSpecialPath, parentOf} from './path.ts';
import {
  formatPermissions,
  isAnyone,
  OWNER,
  parsePermissions,
  READ,
  settlePermissions,
  withOwner,
  WRITE,
  type Permissions,
} from './permissions.ts';
import {recordBytes} from './quota.ts';
import {refuse, Refusal} from './refusal.ts';
import {ACK, type Ancestor, type Reply, type Request} from './request.ts';
import type {NodeRecord} from './tree.ts';
import {XENSTORE_PAYLOAD_MAX} from './wire.ts';

/** Requests about nodes. @see docs/misc/xenstore.txt, "Database read, write and permissions operations" */

/** The node that a one-string request names. */
function named(request: Request, wanted: number): NodeRecord | Refusal {
  const {string} = request;
  return string === undefined ? refuse.EINVAL : request.node(request.connection.absolute(string), wanted);
}

export function read(request: Request): Reply {
  const node = named(request, READ);
  return node instanceof Refusal ? node : node.value;
}

export function directory(request: Request): Reply {
  const node = named(request, READ);
  return node instanceof Refusal ? node : listingOf(node);
}

export function getPerms(request: Request): Reply {
  const special = request.store.profile === 'current' && specialPerms(request);
  if (special) return special;
  const node = named(request, READ);
  return node instanceof Refusal ? node : formatPermissions(node.perms);
}

/** `<path>\0<offset>\0` -> `<generation>\0`, whole names from the offset on, and `\0` behind the last of all. */
export function directoryPart(request: Request): Reply {
  const {strings} = request;
  if (strings.length !== 2) return refuse.EINVAL;
  const [path, offsetText] = strings;
  const node = request.node(request.connection.absolute(path), READ);
  if (node instanceof Refusal) return node;
  const generation = `${node.generation}\0`;
  const listing = listingOf(node);
  const offset = atoi(offsetText) >>> 0;
  if (offset >= listing.length) return `${generation}\0`;
  const room = XENSTORE_PAYLOAD_MAX - generation.length - 1;
  if (listing.length - offset <= room) return `${generation}${listing.slice(offset)}\0`;
  return generation + listing.slice(offset, listing.lastIndexOf('\0', offset + room - 1) + 1);
}

/** `<path>\0<value>`: the value is all that follows, NULs included. */
export function write(request: Request): Reply {
  const {payload, view} = request;
  const nul = payload.indexOf('\0');
  if (nul < 0) return refuse.EINVAL;
  const path = request.connection.absolute(payload.slice(0, nul));
  const value = payload.slice(nul + 1);
  const node = request.node(path, WRITE);
  if (node === refuse.ENOENT) return create(request, path, value);
  if (node instanceof Refusal) return node;
  if (tooBig(request, node.perms, value, node)) return failed(request);
  view.setValue(path, node, value);
  request.fire(path, node);
  return ACK;
}

export function mkdir(request: Request): Reply {
  const node = named(request, WRITE);
  if (node === refuse.ENOENT) return create(request, request.connection.absolute(request.string!), '');
  return node instanceof Refusal ? node : ACK;
}

export function rm(request: Request): Reply {
  const {string, view} = request;
  if (string === undefined) return refuse.EINVAL;
  const path = request.connection.absolute(string);
  const node = request.node(path, WRITE);
  if (node === refuse.ENOENT) return removeNothing(request, path);
  if (node instanceof Refusal) return node;
  if (path === '/') return refuse.EINVAL;
  const stopped = view.remove(path, node, (at, gone, isRoot) => {
    request.fire(at, gone, !isRoot);
    view.countNodes(gone.perms[0].domId, -1);
  });
  return stopped ?? ACK;
}

/** A node that is missing is no error when its parent exists. */
function removeNothing(request: Request, path: ByteString): Reply {
  const parent = request.view.read(parentOf(path));
  return parent instanceof Refusal ? parent : ACK;
}

/** `<path>\0<perm>\0...`; the path may be a special watch's. */
export function setPerms(request: Request): Reply {
  const {connection, store, strings, view} = request;
  const [first, ...texts] = strings;
  if (texts.length === 0) return refuse.EINVAL;
  if (!connection.privileged && texts.length > store.quotaOf(connection.domain).permissions) return refuse.ENOSPC;
  const parsed = parsePermissions(texts);
  if (parsed === undefined) return refuse.EINVAL;
  const perms = withKnownDomains(request, parsed);
  if (perms[0].ignored) return refuse.ENOENT;
  if (isSpecialPath(first)) return setSpecialPerms(request, first, perms);

  const path = connection.absolute(first);
  const node = request.node(path, WRITE | OWNER);
  if (node instanceof Refusal) return node;
  const before = {perms: node.perms, generation: node.generation};
  const oldOwner = node.perms[0].domId;
  const newOwner = perms[0].domId;
  if (!connection.privileged && newOwner !== oldOwner) return refuse.EPERM;
  if (tooBig(request, perms, node.value, node)) return failed(request);
  view.setPerms(path, node, perms);
  // The same owner, too: a transaction checks the count of whoever it has counted for.
  view.countNodes(oldOwner, -1);
  view.countNodes(newOwner, 1);
  request.fire(path, view.read(path) as NodeRecord, false, before);
  return ACK;
}

/** Those of a special watch, to whoever may read it. */
function specialPerms({store, connection, string = ''}: Request): Reply | undefined {
  const perms = store.specialPerms.get(string);
  if (perms === undefined) return undefined;
  const rights = store.rights(connection, {perms, generation: Infinity});
  return (rights & READ) === 0 ? refuse.EACCES : formatPermissions(perms);
}

/** Entries of domains that Xen does not have stay, ignored. */
const withKnownDomains = ({store}: Request, perms: Permissions): Permissions =>
  perms.map((perm, i) =>
    i > 0 && store.profile === 'current' && isAnyone(perm)
      ? perm
      : store.domains.knowExisting(perm.domId) === undefined
        ? {...perm, ignored: true}
        : perm,
  ) as unknown as Permissions;

function setSpecialPerms({store, connection}: Request, name: ByteString, perms: Permissions): Reply {
  const old = store.specialPerms.get(name);
  if (old === undefined) return refuse.EINVAL;
  const rights = store.rights(connection, {perms: old, generation: Infinity});
  if ((rights & (WRITE | OWNER)) !== (WRITE | OWNER)) return refuse.EACCES;
  store.specialPerms.set(name, perms);
  store.domains.version++;
  return ACK;
}

/** Creates a node and its missing parents. They inherit the permissions of the nearest one there is; a guest owns what it creates. */
function create(request: Request, path: ByteString, value: ByteString): Reply {
  const {connection, store, view} = request;
  const ancestor = request.ancestor(path);
  if (ancestor instanceof Refusal) return ancestor;
  if (request.transaction !== undefined) request.transaction.createdNode = true;
  const {perms: inherited, generation} = ancestor.node;
  const settled = settlePermissions(inherited, generation, store.domains.isSince);
  const perms = connection.privileged ? settled : withOwner(settled, connection.domId);
  const names = path.slice(ancestor.path.length).split('/').filter(Boolean);
  const excess = refuseCreation(request, ancestor, names, perms, value);
  if (excess !== undefined) return excess;
  view.create(ancestor.path, ancestor.node, names, perms, value);
  view.countNodes(perms[0].domId, names.length);
  request.fire(path, view.read(path) as NodeRecord);
  return ACK;
}

/** The daemon writes from the new leaf up: a transaction in which some of it was written cannot be committed. */
function refuseCreation(
  request: Request,
  ancestor: Ancestor,
  names: readonly ByteString[],
  perms: Permissions,
  value: ByteString,
): Refusal | undefined {
  const {connection, store, transaction} = request;
  if (connection.privileged) return undefined;
  const owned = connection.domain?.nodes ?? 0;
  const room = store.quotaOf(connection.domain).nodes - owned;
  // In a transaction its own creations count only when it commits.
  if (transaction === undefined ? names.length > room : room <= 0) return refuse.ENOSPC;
  const leaf = names.length - 1;
  const newTooBig = names.some((_, i) =>
    i === leaf ? tooBig(request, perms, value) : tooBig(request, perms, '', undefined, names[i + 1]),
  );
  const {node} = ancestor;
  return newTooBig || tooBig(request, node.perms, node.value, node, names[0]) ? failed(request) : undefined;
}

/** Whether a guest's record would be over its size, with the children of `node` and one more. */
function tooBig(
  {connection, store}: Request,
  perms: Permissions,
  value: ByteString,
  node?: NodeRecord,
  newChild?: ByteString,
): boolean {
  if (connection.privileged) return false;
  const listingBytes = node === undefined ? 0 : listingOf(node).length;
  const newBytes = newChild === undefined ? 0 : newChild.length + 1;
  return recordBytes(perms, value.length, listingBytes + newBytes) >= store.quotaOf(connection.domain).recordBytes;
}

/** A record is over its size: the transaction, if any, cannot be committed any more. */
function failed({transaction}: Request): Refusal {
  if (transaction !== undefined) transaction.failed = true;
  return refuse.ENOSPC;
}
