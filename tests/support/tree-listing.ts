import {formatPermissions} from '../../hypervisor/xenstore/permissions.ts';
import type {StoreNode} from '../../hypervisor/xenstore/tree.ts';

export interface ListedNode {
  path: string;
  value: string;
  /** "n0,r1" */
  perms: string;
}

/** The whole tree as `xenstore-ls -fp` walks it: each node, then its children in order of creation. */
export const listTree = (node: StoreNode, path = ''): ListedNode[] =>
  [...node.children].flatMap(([name, child]) => {
    const perms = formatPermissions(child.perms).split('\0').slice(0, -1).join(',');
    return [{path: `${path}/${name}`, value: child.value, perms}, ...listTree(child, `${path}/${name}`)];
  });

/** Reads what `xenstore-ls -fp` printed. */
export const parseListing = (text: string): ListedNode[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, path, value, perms] = /^(\S+) = "(.*)" {3}\((.*)\)$/.exec(line) ?? [];
      if (perms === undefined) throw new Error(`not a line of xenstore-ls -fp: ${line}`);
      return {path, value, perms};
    });

export const formatListing = (nodes: readonly ListedNode[]): string[] =>
  nodes.map(({path, value, perms}) => `${path} = "${value}" (${perms})`);
