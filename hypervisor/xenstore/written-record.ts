import type {ByteString} from './byte-string.ts';
import type {Permissions} from './permissions.ts';
import type {NodeRecord, StoreNode} from './tree.ts';

/** A record that the transaction has written: the children that it found, apart from those that it took or gave. */
export class WrittenRecord implements NodeRecord {
  value: ByteString = '';
  perms: Permissions;
  generation = 0;
  readonly removed = new Set<ByteString>();
  readonly added = new Set<ByteString>();
  readonly base: StoreNode | undefined;

  constructor(perms: Permissions, base?: StoreNode) {
    this.perms = perms;
    this.base = base;
    if (base !== undefined) this.value = base.value;
  }

  *names(): Iterable<ByteString> {
    for (const name of this.base?.names() ?? []) if (!this.removed.has(name)) yield name;
    yield* this.added;
  }

  hasChild(name: ByteString): boolean {
    return this.added.has(name) || (!this.removed.has(name) && this.base?.hasChild(name) === true);
  }

  addChild(name: ByteString): void {
    this.added.add(name);
  }

  removeChild(name: ByteString): void {
    this.added.delete(name);
    if (this.base?.hasChild(name)) this.removed.add(name);
  }
}
