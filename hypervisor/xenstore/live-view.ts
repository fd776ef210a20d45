import type {ByteString} from './byte-string.ts';
import type {Domains} from './domains.ts';
import {childPath, isValidPath, nameOf, parentOf} from './path.ts';
import {settlePermissions, type Permissions} from './permissions.ts';
import {refuse, type Refusal} from './refusal.ts';
import type {NodeRecord, Tree} from './tree.ts';
import type {OnRemoved, StoreView} from './view.ts';

/** The store itself: every change takes effect at once. */
export class LiveView implements StoreView {
  private readonly tree: Tree;
  private readonly domains: Domains;

  constructor(tree: Tree, domains: Domains) {
    this.tree = tree;
    this.domains = domains;
  }

  read(path: ByteString): NodeRecord | Refusal {
    // A path that leads to a node is valid: its syntax matters only when there is none.
    return this.tree.find(path) ?? (isValidPath(path) ? refuse.ENOENT : refuse.EINVAL);
  }

  setValue(path: ByteString, node: NodeRecord, value: ByteString): void {
    this.tree.write(path, {value, perms: this.settled(node)});
  }

  setPerms(path: ByteString, _node: NodeRecord, perms: Permissions): void {
    this.tree.write(path, {perms});
  }

  create(
    parentPath: ByteString,
    parent: NodeRecord,
    names: readonly ByteString[],
    perms: Permissions,
    value: ByteString,
  ): void {
    this.tree.write(parentPath, {perms: this.settled(parent), added: [names[0]]});
    let path = parentPath;
    for (const [i, name] of names.entries()) {
      path = childPath(path, name);
      const last = i === names.length - 1;
      this.tree.write(path, last ? {perms, value} : {perms, added: [names[i + 1]]});
    }
  }

  remove(path: ByteString, node: NodeRecord, onRemoved: OnRemoved): undefined {
    this.visit(path, node, true, onRemoved);
    const parentPath = parentOf(path);
    const parent = this.tree.find(parentPath)!;
    this.tree.write(parentPath, {perms: this.settled(parent), removed: [nameOf(path)]});
  }

  countNodes(domId: number, delta: number): void {
    const domain = this.domains.find(domId);
    if (domain !== undefined) domain.nodes += delta;
  }

  private visit(path: ByteString, node: NodeRecord, isRoot: boolean, onRemoved: OnRemoved): void {
    for (const name of node.names()) {
      const child = childPath(path, name);
      this.visit(child, this.tree.find(child)!, false, onRemoved);
    }
    this.tree.nextGeneration();
    onRemoved(path, node, isRoot);
  }

  private settled(node: NodeRecord): Permissions {
    return settlePermissions(node.perms, node.generation, this.domains.isSince);
  }
}
