import type {ByteString} from './byte-string.ts';
import {atoi} from './c-number.ts';
import {watchKey, type Connection} from './connection.ts';
import {offers, SERVER_FEATURE_WATCH_DEPTH} from './features.ts';
import {domainPath, isSpecialPath, isTooLong, isValidPath} from './path.ts';
import {refuse} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';
import type {Store} from './store.ts';

/** @see docs/misc/xenstore.txt, "Watches" */

/** `<path>\0<token>\0[<depth>\0]`. The first event follows the reply, whether or not the node exists, whoever may read it. */
export function watch(request: Request): Reply {
  const {connection, store, strings} = request;
  const hasDepth = strings.length === 3 && offers(store, connection.domain, SERVER_FEATURE_WATCH_DEPTH);
  if (strings.length !== 2 && !hasDepth) return refuse.EINVAL;
  const [asked, token] = strings;
  const depth = hasDepth ? atoi(strings[2]) : undefined;
  if (depth !== undefined && depth < 0) return refuse.EINVAL;
  const path = connection.absolute(asked);
  const {pathBytes, watches} = store.quotaOf(connection.domain);
  if (isTooLong(path, pathBytes) || !(isSpecialPath(path) || isValidPath(path))) return refuse.EINVAL;
  const key = watchKey(path, token);
  if (connection.watches.has(key)) return refuse.EEXIST;
  if (!connection.privileged && (connection.domain?.watches ?? 0) > watches) {
    return store.profile === 'current' ? refuse.ENOSPC : refuse.E2BIG;
  }
  addWatch(store, connection, {path, token, depth, relative: path !== asked});
  request.afterReply = () => connection.event(asked, token, undefined);
  return ACK;
}

export function unwatch({connection, store, strings}: Request): Reply {
  if (strings.length !== 2) return refuse.EINVAL;
  const [asked, token] = strings;
  return removeWatch(store, connection, watchKey(connection.absolute(asked), token)) ? ACK : refuse.ENOENT;
}

export function resetWatches({connection, store}: Request): Reply {
  resetConnection(store, connection);
  return ACK;
}

/** Drops a connection's watches and transactions. */
export function resetConnection(store: Store, connection: Connection): void {
  for (const key of connection.watches.keys()) removeWatch(store, connection, key);
  store.openTransactions -= connection.transactions.size;
  connection.transactions.clear();
}

export interface NewWatch {
  /** Absolute, or the name of a special watch. */
  readonly path: ByteString;
  readonly token: ByteString;
  readonly depth?: number | undefined;
  /** Asked for by a relative path: events show one, too. */
  readonly relative: boolean;
}

/** A watch for good: {@link watch} without its checks and its first event. */
export function addWatch(store: Store, connection: Connection, {path, token, depth, relative}: NewWatch): void {
  const hiddenBytes = relative ? domainPath(connection.domId).length + 1 : 0;
  const added = {connection, path, token, hiddenBytes, depth, serial: store.watches.nextSerial()};
  connection.watches.set(watchKey(path, token), added);
  store.watches.add(added);
  if (connection.domain !== undefined) connection.domain.watches++;
}

function removeWatch(store: Store, connection: Connection, key: string): boolean {
  const removed = connection.watches.get(key);
  if (removed === undefined) return false;
  connection.watches.delete(key);
  store.watches.remove(removed);
  if (connection.domain !== undefined) connection.domain.watches--;
  return true;
}
