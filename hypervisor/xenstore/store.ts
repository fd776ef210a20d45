import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';
import {Domains, type Domain} from './domains.ts';
import {LiveView} from './live-view.ts';
import {childPath, parentOf} from './path.ts';
import type {PendingRequest} from './pending-request.ts';
import {DOM0_ONLY, READ, rightsOf, type Permissions} from './permissions.ts';
import {DEFAULT_QUOTA, type Quota} from './quota.ts';
import {refuse, type Refusal} from './refusal.ts';
import {StoreLog, type StoreLogOptions} from './store-log.ts';
import type {Committed, Transaction} from './transaction.ts';
import {Tree, type NodeRecord, type StoreNode} from './tree.ts';
import {levelsBelow, ordered, Watches} from './watches.ts';
import type {WriteRate} from './write-rate.ts';

/** The watches that tell of domains rather than of nodes. */
export const INTRODUCE_DOMAIN = '@introduceDomain';
export const RELEASE_DOMAIN = '@releaseDomain';

/** Permissions with the generation that says which domains they mean. */
export type Readable = Pick<NodeRecord, 'perms' | 'generation'>;

/** Which daemon to be like: the C daemon of Xen 4.17, or that of today. */
export type Profile = 'c-4.17' | 'current';

export interface StoreOptions extends StoreLogOptions {
  readonly profile?: Profile;
  readonly quota?: Partial<Quota>;
  /** Whether Xen has the domain. */
  readonly domainExists: (domId: number) => boolean;
  /** Asked at each commit; true is a conflict. */
  readonly conflictFault?: () => boolean;
  /** Sees every event that was queued. */
  readonly onEvent?: (connection: Connection, path: ByteString, token: ByteString) => void;
}

/** Nodes, domains, watches and their rules: all that the requests work on. */
export class Store {
  readonly tree = new Tree();
  readonly watches = new Watches();
  readonly domains: Domains;
  readonly live: LiveView;
  readonly profile: Profile;
  /** Limits of domains that have none of their own. */
  quota: Quota;
  /** Of all connections. */
  openTransactions = 0;
  /** What limits guests' writes, if a clock does. */
  writeRate: WriteRate | undefined;
  readonly log: StoreLog;
  /** Who may see and change the special watches, by name. */
  readonly specialPerms = new Map<ByteString, Permissions>([
    [INTRODUCE_DOMAIN, DOM0_ONLY],
    [RELEASE_DOMAIN, DOM0_ONLY],
  ]);
  private readonly conflictFault: StoreOptions['conflictFault'];
  private readonly onEvent: StoreOptions['onEvent'];

  constructor(options: StoreOptions) {
    const {profile = 'c-4.17', quota, domainExists, conflictFault, onEvent} = options;
    this.profile = profile;
    this.log = new StoreLog(options);
    this.quota = {...DEFAULT_QUOTA, ...quota};
    this.domains = new Domains(domainExists, () => this.tree.generation);
    this.live = new LiveView(this.tree, this.domains);
    this.conflictFault = conflictFault;
    this.onEvent = onEvent;
    const dom0 = this.domains.know(0);
    dom0.introduced = true;
    this.live.create('/', this.tree.find('/')!, ['tool', 'xenstored'], DOM0_ONLY, '');
    dom0.nodes = 3;
  }

  /** The limits of a domain. */
  quotaOf(domain: Domain | undefined): Quota {
    return domain?.quota === undefined ? this.quota : {...this.quota, ...domain.quota};
  }

  /** How much there is in the tree. */
  measure(): {nodes: number; bytes: number} {
    let nodes = 0;
    let bytes = 0;
    const todo = [this.tree.snapshot()];
    for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
      nodes++;
      bytes += node.value.length;
      for (const name of node.children.keys()) bytes += name.length;
      todo.push(...node.children.values());
    }
    return {nodes, bytes};
  }

  /** The rights of a connection on a record. */
  rights(connection: Connection, {perms, generation}: Readable): number {
    return rightsOf(perms, generation, connection, this.domains.isSince);
  }

  /**
   * Queues the events of a change at `path`, to those who may read the node or its parent, or could before (`before`).
   * `node` is the record as it is, or was if the change is its removal.
   */
  fire(path: ByteString, node: Readable, exact: boolean, cause?: PendingRequest, before?: Readable): void {
    this.send(path, exact, cause, (connection) => {
      if (before !== undefined && this.canRead(connection, before)) return true;
      return this.canRead(connection, node) || this.canRead(connection, this.tree.find(parentOf(path)));
    });
  }

  /** Queues the events of a special watch: what happened to a domain. */
  fireSpecial(name: ByteString, domId: number): void {
    const perms = this.specialPerms.get(name)!;
    const ofDomain = `${name}/${domId}`;
    const names = this.profile === 'current' ? [name, ofDomain] : [name];
    const concerned = names.flatMap((each) => this.watches.concernedBy(each, true));
    for (const {connection, path, token, depth} of ordered(concerned)) {
      // These permissions have no generation: those of a domain that goes are taken out.
      if (!connection.privileged && !this.canRead(connection, {perms, generation: Infinity})) continue;
      const seenPath = depth === 1 ? ofDomain : path;
      if (connection.event(seenPath, token, undefined)) this.onEvent?.(connection, seenPath, token);
    }
  }

  /** Ends a transaction with its changes made, or refuses. */
  commit(transaction: Transaction, connection: Connection, cause: PendingRequest | undefined): Refusal | undefined {
    if (transaction.failed) return refuse.ENOMEM;
    const excess = this.refuseNodeCounts(transaction, connection);
    if (excess !== undefined) return excess;
    if (transaction.conflicts || this.conflictFault?.() === true) return refuse.EAGAIN;
    const changes = transaction.apply();
    this.fireCommitted(changes, cause);
    for (const [domId, delta] of transaction.nodeCounts) this.live.countNodes(domId, delta);
    this.countWrites(connection, 1);
    return undefined;
  }

  /** A domain has written so many records where others have transactions open: its rate is limited. */
  countWrites({privileged, domain}: Connection, writes: number): void {
    if (privileged || domain === undefined || writes === 0 || this.openTransactions === 0) return;
    this.writeRate?.debit(domain, writes);
  }

  /** Removes the nodes of a domain that goes, and what it was allowed to see. Its number can be used again. */
  forgetDomain(domain: Domain): void {
    const {domId} = domain;
    this.removeOwned('/', this.tree.find('/')!, domain);
    for (const [name, perms] of this.specialPerms) this.specialPerms.set(name, withoutDomain(perms, domId));
    this.domains.forget(domId);
  }

  /** Removes a node for good, with its events, whoever it belongs to. */
  remove(path: ByteString, node: NodeRecord, cause?: PendingRequest): void {
    this.live.remove(path, node, (at, gone, isRoot) => {
      this.fire(at, gone, !isRoot, cause);
      this.live.countNodes(gone.perms[0].domId, -1);
    });
  }

  private removeOwned(path: ByteString, node: StoreNode, domain: Domain): void {
    if (domain.nodes === 0) return;
    const isOwner = node.perms[0].domId === domain.domId;
    if (isOwner && path !== '/') return this.remove(path, node);
    // The daemon would lose its whole tree here.
    if (isOwner) this.giveToDom0(path, node);
    for (const [name, child] of node.children) this.removeOwned(childPath(path, name), child, domain);
  }

  private giveToDom0(path: ByteString, node: StoreNode): void {
    this.live.countNodes(node.perms[0].domId, -1);
    this.live.countNodes(0, 1);
    this.live.setPerms(path, node, DOM0_ONLY);
  }

  private refuseNodeCounts(transaction: Transaction, connection: Connection): Refusal | undefined {
    for (const [domId, delta] of transaction.nodeCounts) {
      const domain = this.domains.knowExisting(domId);
      if (domain === undefined) return refuse.ENOMEM;
      const limited = transaction.createdNode && !connection.privileged && domId !== 0;
      if (limited && domain.nodes + delta >= this.quotaOf(domain).nodes) return refuse.ENOSPC;
    }
    return undefined;
  }

  /**
   * A commit changes node after node, and an event is sent when its node is changed: who may read the parent only is
   * judged by the parent as it is at that moment.
   */
  private fireCommitted(changes: readonly Committed[], cause: PendingRequest | undefined): void {
    const position = new Map(changes.map((change, i) => [change.path, i]));
    for (const [i, {path, before, event}] of changes.entries()) {
      if (event === 'none') continue;
      const node = this.tree.find(path);
      // Created and removed again: never seen.
      if (node === undefined && before === undefined) continue;
      this.send(path, event === 'exact', cause, (connection) => {
        if (before !== undefined && this.canRead(connection, before)) return true;
        if (node === undefined || this.canRead(connection, node)) return node !== undefined;
        const at = position.get(parentOf(path));
        const parent = at !== undefined && at > i ? changes[at].before : this.tree.find(parentOf(path));
        return this.canRead(connection, parent);
      });
    }
  }

  private canRead(connection: Connection, node: Readable | undefined): boolean {
    return node !== undefined && (this.rights(connection, node) & READ) !== 0;
  }

  private send(
    path: ByteString,
    exact: boolean,
    cause: PendingRequest | undefined,
    permitted: (connection: Connection) => boolean,
  ): void {
    for (const {connection, path: at, hiddenBytes, token, depth} of this.watches.concernedBy(path, exact)) {
      if (depth !== undefined && levelsBelow(path, at) > depth) continue;
      if (!connection.privileged && !permitted(connection)) continue;
      const seenPath = path.slice(hiddenBytes);
      if (connection.event(seenPath, token, cause)) this.onEvent?.(connection, seenPath, token);
    }
  }
}

function withoutDomain(perms: Permissions, domId: number): Permissions {
  const [owner, ...others] = perms;
  const left = others.filter((perm) => perm.domId !== domId);
  return [owner.domId === domId ? {...owner, domId: 0} : owner, ...left];
}
