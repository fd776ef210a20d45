import type {ByteString} from './byte-string.ts';
import {formatPermissions, parsePermissions, type Permissions} from './permissions.ts';
import {addChild, storeNode, type StoreNode} from './tree.ts';

/** `n0 r5 b7!`: with a mark on those without effect. */
export type SavedPermissions = string;

/** Index of the parent's record in the list, name, value, permissions, generation. */
export type SavedNode = readonly [number, ByteString, ByteString, SavedPermissions, number];

export const savePermissions = (perms: Permissions): SavedPermissions =>
  perms.map((perm) => `${formatPermissions([perm]).slice(0, -1)}${perm.ignored ? '!' : ''}`).join(' ');

export function restorePermissions(text: SavedPermissions): Permissions {
  const texts = text.split(' ');
  const perms = parsePermissions(texts.map((each) => each.replace('!', '')));
  if (perms === undefined) throw new Error(`xenstore: saved permissions "${text}"`);
  return perms.map((perm, i) => ({...perm, ignored: texts[i].endsWith('!')})) as unknown as Permissions;
}

/** A tree as a list, parents before their children, which keep their order. */
export function saveTree(root: StoreNode): SavedNode[] {
  const list: SavedNode[] = [];
  const todo: {readonly parent: number; readonly name: ByteString; readonly node: StoreNode}[] = [
    {parent: -1, name: '', node: root},
  ];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const {parent, name, node} = next;
    const index = list.push([parent, name, node.value, savePermissions(node.perms), node.generation]) - 1;
    const children = Array.from(node.children, ([childName, child]) => ({parent: index, name: childName, node: child}));
    todo.push(...children.toReversed());
  }
  return list;
}

/** The root of what {@link saveTree} has listed. Equal permissions are shared, as they are in a store that has grown. */
export function restoreTree(list: readonly SavedNode[]): StoreNode {
  const known = new Map<SavedPermissions, Permissions>();
  const nodes: StoreNode[] = [];
  for (const [parent, name, value, text, generation] of list) {
    const perms = known.get(text) ?? restorePermissions(text);
    known.set(text, perms);
    const node = storeNode({value, perms, generation});
    nodes.push(node);
    if (parent >= 0) addChild(nodes[parent], name, node);
  }
  return nodes[0];
}
