import type {ByteString} from './byte-string.ts';
import type {Permissions} from './permissions.ts';
import type {Refusal} from './refusal.ts';
import type {NodeRecord} from './tree.ts';

/** Called for each node that goes, children before parents. */
export type OnRemoved = (path: ByteString, node: NodeRecord, isRoot: boolean) => void;

/** The store as a request sees it: as it is, or through the request's transaction. */
export interface StoreView {
  /** EINVAL for an invalid path, ENOENT for a missing node, ENOSPC when the transaction touches too many nodes. */
  read(path: ByteString): NodeRecord | Refusal;
  setValue(path: ByteString, node: NodeRecord, value: ByteString): void;
  setPerms(path: ByteString, node: NodeRecord, perms: Permissions): void;
  /** Creates `parentPath/names[0]/names[1]/...`, all with `perms`, the last one with `value`. The parent exists. */
  create(
    parentPath: ByteString,
    parent: NodeRecord,
    names: readonly ByteString[],
    perms: Permissions,
    value: ByteString,
  ): void;
  /** @returns a refusal when a transaction cannot go through the subtree: it touches too many nodes. */
  remove(path: ByteString, node: NodeRecord, onRemoved: OnRemoved): Refusal | undefined;
  /** Nodes owned by a domain change in number. */
  countNodes(domId: number, delta: number): void;
}
