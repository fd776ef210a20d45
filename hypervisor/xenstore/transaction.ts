import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';
import {childPath, isValidPath, nameOf, parentOf} from './path.ts';
import {settlePermissions, type Permissions} from './permissions.ts';
import {refuse, Refusal} from './refusal.ts';
import {restoreTouched, saveTouched, type SavedTransaction} from './saved-transaction.ts';
import type {Store} from './store.ts';
import type {NodeRecord, StoreNode} from './tree.ts';
import type {OnRemoved, StoreView} from './view.ts';
import {WrittenRecord} from './written-record.ts';

/** What a commit has changed, for the events. */
export interface Committed {
  readonly path: ByteString;
  /** As it was at the first access, none if it did not exist. Not this very record at the commit: a conflict. */
  readonly before: StoreNode | undefined;
  /** The event due at the commit. */
  readonly event: 'none' | 'exact' | 'below';
}

/** A node that the transaction has touched. */
export interface Touched extends Committed {
  now: NodeRecord | undefined;
  modified: boolean;
  event: Committed['event'];
}

/**
 * A view in which each node is as it was when the transaction first touched it, plus the transaction's own changes. There
 * is no snapshot at the start. Reading and writing both count as touching, and so does finding no node, and looking at a
 * node's parents for their permissions.
 *
 * @see docs/misc/xenstore.txt, "Transactions"; the details are those of the C daemon
 */
export class Transaction implements StoreView {
  /** A node was created: the owner's node count is checked at the commit. */
  createdNode = false;
  /** A change could not be made whole: the commit must not happen. */
  failed = false;
  /** Change of the number of nodes by owner. */
  readonly nodeCounts = new Map<number, number>();
  private readonly store: Store;
  private readonly touched = new Map<ByteString, Touched>();
  private readonly connection: Connection;

  /** One of a connection, whose quota counts. */
  constructor(store: Store, connection: Connection) {
    this.store = store;
    this.connection = connection;
  }

  read(path: ByteString): NodeRecord | Refusal {
    const known = this.touched.get(path);
    if (known !== undefined) return known.now ?? refuse.ENOENT;
    const before = this.store.tree.find(path);
    if (before === undefined && !isValidPath(path)) return refuse.EINVAL;
    if (this.isFull) {
      this.failed = true;
      return refuse.ENOSPC;
    }
    if (before !== undefined) this.store.tree.keep(before);
    this.touched.set(path, {path, before, now: before, modified: false, event: 'none'});
    return before ?? refuse.ENOENT;
  }

  /** It touches as many nodes as it may. */
  private get isFull(): boolean {
    const {privileged, domain} = this.connection;
    return !privileged && this.touched.size >= this.store.quotaOf(domain).transactionNodes;
  }

  setValue(path: ByteString, node: NodeRecord, value: ByteString): void {
    this.write(path, node).value = value;
  }

  setPerms(path: ByteString, node: NodeRecord, perms: Permissions): void {
    this.write(path, node).perms = perms;
  }

  create(
    parentPath: ByteString,
    parent: NodeRecord,
    names: readonly ByteString[],
    perms: Permissions,
    value: ByteString,
  ): void {
    let path = parentPath;
    let record = this.write(parentPath, parent);
    for (const name of names) {
      record.addChild(name);
      path = childPath(path, name);
      record = new WrittenRecord(perms);
      this.put(path, record);
    }
    record.value = value;
  }

  remove(path: ByteString, node: NodeRecord, onRemoved: OnRemoved): Refusal | undefined {
    const parentPath = parentOf(path);
    const parent = this.read(parentPath);
    // Others have removed it together with the node, which this transaction still has.
    if (parent instanceof Refusal) return parent === refuse.ENOENT ? refuse.EINVAL : parent;
    const name = nameOf(path);
    if (!this.removeBelow(path, node, true, onRemoved)) return refuse.EIO;
    // Created by others since the parent was touched: a conflict that shows early.
    if (!parent.hasChild(name)) return refuse.EIO;
    this.write(parentPath, parent).removeChild(name);
    return undefined;
  }

  countNodes(domId: number, delta: number): void {
    this.nodeCounts.set(domId, (this.nodeCounts.get(domId) ?? 0) + delta);
  }

  /** A watch event for the commit. One for the whole subtree outweighs an exact one. */
  queueEvent(path: ByteString, exact: boolean): void {
    const touched = this.touched.get(path);
    if (touched !== undefined && touched.event !== 'below') touched.event = exact ? 'exact' : 'below';
  }

  /** A node that was touched has been written, created or removed by others. */
  get conflicts(): boolean {
    for (const {path, before} of this.touched.values()) {
      if (this.store.tree.find(path)?.generation !== before?.generation) return true;
    }
    return false;
  }

  /**
   * Makes the changes in the store.
   * @returns what was changed, in order of first access.
   */
  apply(): readonly Committed[] {
    const changed = [...this.touched.values()].filter(({modified}) => modified);
    // Parents are shorter than their children.
    const topDown = changed.toSorted((a, b) => a.path.length - b.path.length);
    for (const {path, now} of topDown) {
      if (!(now instanceof WrittenRecord)) continue;
      const {value, removed, added, generation} = now;
      const perms = settlePermissions(now.perms, generation, this.store.domains.isSince);
      this.store.tree.write(path, {value, perms, removed, added});
    }
    return changed;
  }

  save(): SavedTransaction {
    const {createdNode, failed, nodeCounts} = this;
    const touched = Array.from(this.touched.values(), saveTouched);
    return {createdNode, failed, nodeCounts: [...nodeCounts], touched};
  }

  /** Takes up where {@link save} was called. */
  load({createdNode, failed, nodeCounts, touched}: SavedTransaction): void {
    this.createdNode = createdNode;
    this.failed = failed;
    for (const [domId, delta] of nodeCounts) this.nodeCounts.set(domId, delta);
    for (const each of touched) this.touched.set(each.path, restoreTouched(each));
  }

  private removeBelow(path: ByteString, node: NodeRecord, isRoot: boolean, onRemoved: OnRemoved): boolean {
    const gone: ByteString[] = [];
    for (const name of node.names()) {
      const childAt = childPath(path, name);
      const child = this.read(childAt);
      if (child instanceof Refusal || !this.removeBelow(childAt, child, false, onRemoved)) {
        this.forgetChildren(path, node, gone);
        return false;
      }
      gone.push(name);
    }
    this.put(path, undefined);
    onRemoved(path, node, isRoot);
    return true;
  }

  /** A removal stopped half way: what it has removed stays so. */
  private forgetChildren(path: ByteString, node: NodeRecord, gone: readonly ByteString[]): void {
    if (gone.length === 0) return;
    const record = this.write(path, node);
    for (const name of gone) record.removeChild(name);
  }

  /** The record of a touched node, to be written. */
  private write(path: ByteString, node: NodeRecord): WrittenRecord {
    const record = node instanceof WrittenRecord ? node : this.writable(node);
    record.perms = settlePermissions(record.perms, node.generation, this.store.domains.isSince);
    this.put(path, record);
    return record;
  }

  private writable(node: NodeRecord): WrittenRecord {
    return new WrittenRecord(node.perms, node as StoreNode);
  }

  private put(path: ByteString, record: WrittenRecord | undefined): void {
    const touched = this.touched.get(path);
    if (touched === undefined) throw new Error(`xenstore: transaction writes ${path} before it has read it`);
    touched.now = record;
    touched.modified = true;
    if (record !== undefined) record.generation = this.store.tree.nextGeneration();
  }
}
