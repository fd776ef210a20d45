import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';
import type {Dispatcher} from './dispatcher.ts';
import type {Domain} from './domains.ts';
import type {PendingRequest} from './pending-request.ts';
import type {Quota} from './quota.ts';
import {restorePermissions, restoreTree, savePermissions, saveTree, type SavedNode} from './saved-tree.ts';
import type {SavedPermissions} from './saved-tree.ts';
import type {Store} from './store.ts';
import type {SavedTransaction} from './saved-transaction.ts';
import {Transaction} from './transaction.ts';
import {addWatch} from './watch-requests.ts';

/** What lies in the store for good, as JSON. */
export interface SavedNodes {
  readonly generation: number;
  readonly nodes: readonly SavedNode[];
  readonly domains: readonly SavedDomain[];
  readonly specialPerms: readonly (readonly [ByteString, SavedPermissions])[];
}

export interface SavedDomain {
  readonly domId: number;
  readonly generation: number;
  readonly introduced: boolean;
  readonly shutdown: boolean;
  readonly targetId?: number;
  readonly features?: number;
  readonly quota?: Partial<Quota>;
}

/** The whole store, as JSON: with connections, their watches, their open transactions and what they have yet to take. */
export interface SavedStore extends SavedNodes {
  readonly connections: readonly SavedConnection[];
  /** Requests that are outstanding on account of a domain: whose, and whether its reply has been taken. */
  readonly pending: readonly {readonly domId: number; readonly replied: boolean}[];
}

interface SavedConnection {
  readonly label: string;
  readonly domId: number;
  /** It is the domain's ring, it comes from the domain beside its ring, or from a socket, which no quota limits. */
  readonly kind: 'ring' | 'domain' | 'socket';
  readonly ignored: boolean;
  readonly lastTxId: number;
  /** Order of registration among those of all connections; path, token, whether it was relative, depth. */
  readonly watches: readonly (readonly [number, ByteString, ByteString, boolean, (number | null)?])[];
  readonly transactions: readonly (readonly [number, SavedTransaction])[];
  readonly queue: readonly SavedMessage[];
}

interface SavedMessage {
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
  readonly payload: ByteString;
  readonly isEvent: boolean;
  /** Index in {@link SavedStore.pending}. */
  readonly cause?: number;
}

export function saveNodes(store: Store): SavedNodes {
  return {
    generation: store.tree.generation,
    nodes: saveTree(store.tree.snapshot()),
    domains: saveDomains(store),
    specialPerms: Array.from(store.specialPerms, ([name, perms]) => [name, savePermissions(perms)] as const),
  };
}

export const saveDomains = (store: Store): SavedDomain[] =>
  Array.from(store.domains.all(), ({domId, generation, introduced, shutdown, targetId, features, quota}) => ({
    domId,
    generation,
    introduced,
    shutdown,
    targetId,
    features,
    quota,
  }));

/** Into a new store, before anybody is connected. */
export function loadNodes(store: Store, {generation, nodes, domains, specialPerms}: SavedNodes): void {
  store.tree.load(restoreTree(nodes), generation);
  store.domains.clear();
  loadDomains(store, domains);
  for (const [name, perms] of specialPerms) store.specialPerms.set(name, restorePermissions(perms));
  countNodes(store);
}

export function loadDomains(store: Store, domains: readonly SavedDomain[]): void {
  for (const {domId, generation, introduced, shutdown, targetId, features, quota} of domains) {
    Object.assign(store.domains.load(domId, generation), {introduced, shutdown, targetId, features, quota});
  }
}

/** Sets how many nodes each domain owns. */
export function countNodes(store: Store): void {
  for (const domain of store.domains.all()) domain.nodes = 0;
  const todo = [store.tree.snapshot()];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    store.live.countNodes(node.perms[0].domId, 1);
    todo.push(...node.children.values());
  }
}

export function saveStore(store: Store, dispatcher: Dispatcher): SavedStore {
  const pending: PendingRequest[] = [];
  const indexOf = (cause: PendingRequest | undefined): number | undefined => {
    // A domain that has gone has no account any more.
    if (cause === undefined || store.domains.find(cause.domain.domId) !== cause.domain) return undefined;
    const known = pending.indexOf(cause);
    return known >= 0 ? known : pending.push(cause) - 1;
  };
  const serials = Array.from(dispatcher.all(), ({watches}) =>
    Array.from(watches.values(), ({serial}) => serial),
  ).flat();
  const ranks = new Map(serials.toSorted((a, b) => a - b).map((serial, rank) => [serial, rank]));
  const connections = Array.from(dispatcher.all(), (connection) => saveConnection(connection, ranks, indexOf));
  return {
    ...saveNodes(store),
    connections,
    pending: pending.map(({domain, replied}) => ({domId: domain.domId, replied})),
  };
}

function saveConnection(
  connection: Connection,
  ranks: ReadonlyMap<number, number>,
  indexOf: (cause: PendingRequest | undefined) => number | undefined,
): SavedConnection {
  const {label, domId, domain, ignored, lastTxId, watches, transactions, queue} = connection;
  return {
    label,
    domId,
    kind: domain === undefined ? 'socket' : domain.connection === connection ? 'ring' : 'domain',
    ignored,
    lastTxId,
    watches: Array.from(watches.values(), ({serial, path, token, hiddenBytes, depth}) => [
      ranks.get(serial)!,
      path,
      token,
      hiddenBytes > 0,
      depth,
    ]),
    transactions: Array.from(transactions, ([id, transaction]) => [id, transaction.save()]),
    queue: Array.from(queue.waiting(), ({type, reqId, txId, payload, isEvent, cause}) => ({
      type,
      reqId,
      txId,
      payload,
      isEvent,
      cause: indexOf(cause),
    })),
  };
}

/** Into a new store. @returns the connections in their order, for transports to be put to */
export function loadStore(store: Store, dispatcher: Dispatcher, saved: SavedStore): Connection[] {
  loadNodes(store, saved);
  const pending = saved.pending.map(({domId, replied}) => {
    const request = dispatcher.newPending(store.domains.find(domId)!);
    if (replied) request.loadReplied();
    return request;
  });
  const connections = saved.connections.map((each) => connect(store, dispatcher, each));
  loadWatches(store, connections, saved.connections);
  for (const [i, {queue}] of saved.connections.entries()) {
    for (const {cause, ...message} of queue) {
      connections[i].loadQueued({...message, cause: cause === undefined ? undefined : pending[cause]});
    }
  }
  return connections;
}

function connect(store: Store, dispatcher: Dispatcher, saved: SavedConnection): Connection {
  const {label, domId, kind, ignored, lastTxId, transactions} = saved;
  const domain: Domain | undefined = kind === 'socket' ? undefined : store.domains.know(domId);
  const connection = dispatcher.connect(label, domId, domain);
  if (domain !== undefined && kind === 'ring') domain.connection = connection;
  connection.ignored = ignored;
  connection.lastTxId = lastTxId;
  store.openTransactions += transactions.length;
  for (const [id, content] of transactions) {
    const transaction = new Transaction(store, connection);
    transaction.load(content);
    connection.transactions.set(id, transaction);
  }
  return connection;
}

/** In the order in which they were registered, over all connections. */
function loadWatches(store: Store, connections: readonly Connection[], saved: readonly SavedConnection[]): void {
  saved
    .flatMap(({watches}, i) => watches.map(([serial, ...watch]) => ({serial, watch, connection: connections[i]})))
    .toSorted((a, b) => a.serial - b.serial)
    .forEach(({connection, watch: [path, token, relative, depth]}) =>
      addWatch(store, connection, {path, token, relative, depth: depth ?? undefined}),
    );
}
